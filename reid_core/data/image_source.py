"""Samples of one picture each -> batches of tensors, the same in whatever process they are made."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from reid_core.data.annotations import Annotations
from reid_core.data.augment import (
    AugmentOptions,
    Change,
    change_labels,
    change_picture,
    change_points,
    change_visibility,
    draw,
)
from reid_core.data.batches import ImageBatch
from reid_core.data.damaged import Damaged, read_one
from reid_core.data.decode import read_picture
from reid_core.data.sampler import Draw
from reid_core.data.samples import Numbering, Sample, label_arrays
from reid_core.data.transforms import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    ColourTriple,
    resize,
    resize_labels,
    scale_points,
    to_inputs,
)
from reid_core.pose.skeleton import JOINT_COUNT
from reid_core.records import Image

Floats = NDArray[np.float32]
Heatmaps = Callable[[Floats, Floats], Floats]  # (14, 2) pixels of the input, (14,) visibility -> (joints, h, w)


@dataclass(frozen=True, slots=True)
class ImageWants:
    """What a network takes."""

    height: int = 256
    width: int = 128
    mean: ColourTriple = IMAGENET_MEAN
    std: ColourTriple = IMAGENET_STD
    parsing: bool = False
    heatmaps: Heatmaps | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Item:
    """Of one picture; what is missing or not wanted is None."""

    place: int
    picture: Floats  # (3, height, width)
    labels: NDArray[np.uint8] | None
    heatmaps: Floats | None


@dataclass(frozen=True, slots=True)
class ImageSource:
    samples: Sequence[Sample]
    numbering: Numbering
    wants: ImageWants = ImageWants()
    annotations: Annotations | None = None
    augment: AugmentOptions | None = None  # None: no chances are taken, as in a test
    seed: int = 0
    damaged: Damaged = "refuse"

    def __len__(self) -> int:
        return len(self.samples)

    def batch(self, draws: Sequence[Draw]) -> ImageBatch | None:
        """None where all of them are damaged and left out."""
        items = [item for each in draws if (item := self._item(each)) is not None]
        if not items:
            return None
        persons, cameras, clothes = label_arrays([self.samples[item.place] for item in items], self.numbering)
        labels = [item.labels for item in items] if self.wants.parsing else []
        maps = [item.heatmaps for item in items] if self.wants.heatmaps else []
        return ImageBatch(
            pictures=torch.from_numpy(np.stack([item.picture for item in items])),
            persons=torch.from_numpy(persons),
            clothes=torch.from_numpy(clothes),
            cameras=torch.from_numpy(cameras),
            samples=torch.tensor([item.place for item in items]),
            parsing=torch.from_numpy(np.stack([self._filled(each) for each in labels])).long() if labels else None,
            parsing_mask=torch.tensor([each is not None for each in labels]) if labels else None,
            heatmaps=torch.from_numpy(np.stack([self._filled_maps(each) for each in maps])) if maps else None,
            heatmap_mask=torch.tensor([each is not None for each in maps]) if maps else None,
        )

    def _item(self, each: Draw) -> _Item | None:
        read = read_one(
            self.samples, each.sample, self.damaged, lambda place: read_picture(self.samples[place].paths[0])
        )
        if read is None:
            return None
        place, picture = read
        height, width = self.wants.height, self.wants.width
        change = draw(self.augment, height, width, each.rng(self.seed)) if self.augment else Change(height, width)
        changed = change_picture(change, resize(picture, height, width))
        path = self.samples[place].paths[0]
        return _Item(
            place,
            to_inputs([changed], height, width, mean=self.wants.mean, std=self.wants.std)[0],
            self._labels(change, path),
            self._maps(change, path, picture),
        )

    def _labels(self, change: Change, path: Path) -> NDArray[np.uint8] | None:
        labels = self.annotations.parsing(path) if self.annotations and self.wants.parsing else None
        return None if labels is None else change_labels(change, resize_labels(labels, change.height, change.width))

    def _maps(self, change: Change, path: Path, picture: Image) -> Floats | None:
        pose = self.annotations.pose(path) if self.annotations and self.wants.heatmaps else None
        if pose is None or self.wants.heatmaps is None:
            return None
        points = scale_points(pose.image, (picture.shape[0], picture.shape[1]), (change.height, change.width))
        return self.wants.heatmaps(change_points(change, points), change_visibility(change, pose.visibility))

    def _filled(self, labels: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
        return np.zeros((self.wants.height, self.wants.width), dtype=np.uint8) if labels is None else labels

    def _filled_maps(self, maps: Floats | None) -> Floats:
        if maps is not None or self.wants.heatmaps is None:
            return np.asarray(maps, dtype=np.float32)
        nowhere = np.zeros((JOINT_COUNT, 2), dtype=np.float32)
        return np.zeros_like(self.wants.heatmaps(nowhere, np.zeros(JOINT_COUNT, dtype=np.float32)))
