"""What other networks have said of each picture, in a cache folder beside the data: parsing, silhouettes, poses.

A picture `a/b.jpg` below the data set's folder has `a/b.jpg.png` (labels of ATR), `a/b.jpg.mask.png` (silhouette) and
`a/b.jpg.npz` (pose) below the cache. What is not there was not found, or not asked for: the answer is None.
"""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from reid_core.data.decode import read_grey, write_png, write_whole
from reid_core.data.label_png import read_labels
from reid_core.data.parsing import ATR_LABELS, BACKGROUND
from reid_core.errors import DataSetInvalid
from reid_core.pose.skeleton import JOINT_COUNT
from reid_core.records import Pose

Kind = Literal["poses", "parsing", "silhouettes"]
_SUFFIXES: Mapping[Kind, str] = MappingProxyType({"poses": ".npz", "parsing": ".png", "silhouettes": ".mask.png"})
_POSE = {"world": (JOINT_COUNT, 3), "image": (JOINT_COUNT, 2), "visibility": (JOINT_COUNT,)}


@dataclass(frozen=True, slots=True)
class Annotations:
    root: Path  # of the data set: DataSet.root
    cache: Path

    def parsing(self, picture: Path) -> NDArray[np.uint8] | None:
        """(height, width) labels of ATR."""
        path = self.place(picture, "parsing")
        if not path.is_file():
            return None
        labels = read_labels(path)
        if labels.max() >= len(ATR_LABELS):
            raise DataSetInvalid(f"{path}: holds the label {labels.max()}; those of ATR end at {len(ATR_LABELS) - 1}")
        return labels

    def silhouette(self, picture: Path) -> NDArray[np.uint8] | None:
        """(height, width) 0 to 255; where no mask was written, whatever the parsing calls the person."""
        path = self.place(picture, "silhouettes")
        if path.is_file():
            return read_grey(path)
        labels = self.parsing(picture)
        return None if labels is None else np.where(labels == BACKGROUND, 0, 255).astype(np.uint8)

    def pose(self, picture: Path) -> Pose | None:
        path = self.place(picture, "poses")
        if not path.is_file():
            return None
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: np.asarray(file[name], dtype=np.float32) for name in _POSE}
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise DataSetInvalid(f"{path}: not a pose with {', '.join(_POSE)}; delete it and make it again") from error
        for name, shape in _POSE.items():
            if arrays[name].shape != shape:
                raise DataSetInvalid(f"{path}: expected {name} of {shape}, found {arrays[name].shape}; make it again")
        return Pose(arrays["world"], arrays["image"], arrays["visibility"])

    def write_parsing(self, picture: Path, labels: NDArray[np.uint8]) -> None:
        write_png(self.place(picture, "parsing"), labels)

    def write_silhouette(self, picture: Path, mask: NDArray[np.uint8]) -> None:
        write_png(self.place(picture, "silhouettes"), mask)

    def write_pose(self, picture: Path, pose: Pose) -> None:
        data = io.BytesIO()
        np.savez(data, world=pose.world, image=pose.image, visibility=pose.visibility)
        write_whole(self.place(picture, "poses"), data.getvalue())

    def place(self, picture: Path, kind: Kind) -> Path:
        """The file that is read, and written."""
        try:
            inside = picture.relative_to(self.root)
        except ValueError as error:
            raise DataSetInvalid(f"{picture}: not below the data set's folder {self.root}") from error
        return self.cache / inside.with_name(inside.name + _SUFFIXES[kind])
