"""What another parser has written: a folder of label PNGs, laid out as the pictures are."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from plugins.parsers.label_sets import LabelSet, atr_numbers, to_atr
from reid_core import options
from reid_core.data.label_png import read_labels
from reid_core.errors import ConfigInvalid
from reid_core.records import Image


class FolderParser:
    """Implements protocols.HumanParser. Of the picture `a/b.jpg` it takes `a/b.jpg.png` or `a/b.png`."""

    class Options(options.Options, frozen=True):
        pictures: str  # the folder below which the pictures lie
        labels_root: str  # the folder of the PNGs, grey or with a palette; what it lacks has no labels
        labels: LabelSet = "atr"  # what their numbers mean: atr, lip, or for each number that of ATR

    def __init__(self, options: Options) -> None:
        self._pictures = Path(options.pictures).expanduser().absolute()
        self._labels = Path(options.labels_root).expanduser()
        self._numbers = atr_numbers(options.labels)
        for name, folder in (("pictures", self._pictures), ("labels_root", self._labels)):
            if not folder.is_dir():
                raise ConfigInvalid(f"parsers folder: {name}: no folder {folder}")

    def parse(self, pictures: Sequence[Image], paths: Sequence[Path] | None = None) -> list[NDArray[np.uint8] | None]:
        if paths is None:
            raise ConfigInvalid(
                "parsers folder: looks labels up by the picture's file, and these have none; for live pictures use "
                "the parser onnx or pose"
            )
        return [self._parse(*each) for each in zip(pictures, paths, strict=True)]

    def _parse(self, picture: Image, path: Path) -> NDArray[np.uint8] | None:
        found = next((each for each in self._places(path) if each.is_file()), None)
        if found is None:
            return None
        labels = to_atr(read_labels(found), self._numbers, str(found))
        height, width = picture.shape[:2]
        return np.asarray(cv2.resize(labels, (width, height), interpolation=cv2.INTER_NEAREST), dtype=np.uint8)

    def _places(self, path: Path) -> tuple[Path, Path]:
        try:
            inside = path.absolute().relative_to(self._pictures)
        except ValueError as error:
            raise ConfigInvalid(f"parsers folder: {path} does not lie below pictures: {self._pictures}") from error
        place = self._labels / inside
        return place.with_name(f"{place.name}.png"), place.with_suffix(".png")
