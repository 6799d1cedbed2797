"""What a training or testing step is given: pictures or clips with their labels, as tensors.

Where a mask is False the numbers mean nothing, and no result may depend on them.
"""

from dataclasses import dataclass, fields
from typing import Any, TypeVar

import torch
from torch import Tensor

from reid_core.models.asgl_inputs import AsglInputs

Batch = TypeVar("Batch", "ImageBatch", "ClipBatch")


@dataclass(frozen=True, slots=True, eq=False)
class ImageBatch:
    """B pictures. Labels of training are classes counted from 0; labels of a test are the data set's own."""

    pictures: Tensor  # (B, 3, height, width) float32 as reid_core.data.transforms makes them
    persons: Tensor  # (B,) int64
    clothes: Tensor  # (B,) int64; -1: unknown
    cameras: Tensor  # (B,) int64; -1: unknown
    samples: Tensor  # (B,) int64: the place of each in the list of samples that it was drawn from
    parsing: Tensor | None = None  # (B, height, width) int64: labels of ATR, 0 to 17; None: none was asked for
    parsing_mask: Tensor | None = None  # (B,) bool
    heatmaps: Tensor | None = None  # (B, joints, h, w) float32; None: none were asked for
    heatmap_mask: Tensor | None = None  # (B,) bool

    def to(self, device: torch.device) -> "ImageBatch":
        return _moved(self, device)


@dataclass(frozen=True, slots=True, eq=False)
class ClipBatch:
    """B clips: T pictures for appearance, and dense poses and silhouettes over the same span of time."""

    inputs: AsglInputs
    persons: Tensor  # (B,) int64
    clothes: Tensor  # (B,) int64; -1: unknown
    cameras: Tensor  # (B,) int64; -1: unknown
    samples: Tensor  # (B,) int64: the place of each clip's tracklet in the list of samples

    @property
    def parsing(self) -> Tensor | None:
        return self.inputs.parsing

    @property
    def parsing_mask(self) -> Tensor | None:
        return self.inputs.parsing_mask

    @property
    def silhouettes(self) -> Tensor | None:
        return self.inputs.silhouettes

    @property
    def silhouette_mask(self) -> Tensor | None:
        return self.inputs.silhouette_mask

    def to(self, device: torch.device) -> "ClipBatch":
        return _moved(self, device)


def _moved(batch: Batch, device: torch.device) -> Batch:
    there: dict[str, Any] = {}
    for field in fields(batch):
        value = getattr(batch, field.name)
        there[field.name] = None if value is None else value.to(device)
    return type(batch)(**there)
