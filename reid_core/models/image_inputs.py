"""What the image systems take: pictures, and where a system asks for them what a parser and a pose estimator say."""

from dataclasses import dataclass
from typing import Annotated, Protocol

import torch
from msgspec import Meta
from torch import Tensor

from reid_core.data.parsing import BACKGROUND
from reid_core.errors import ConfigInvalid
from reid_core.models.asgl_inputs import CueBatch
from reid_core.options import Options
from reid_core.pose.heatmaps import SHRINK


class PictureShape(Options, frozen=True):
    height: Annotated[int, Meta(ge=16)] = 256  # pixels
    width: Annotated[int, Meta(ge=16)] = 128


class ImageInputs(Protocol):
    """Batches of training are of this shape too. Where a mask is False, or None, the numbers mean nothing."""

    @property
    def pictures(self) -> Tensor: ...  # (B, 3, height, width) float32 as reid_core.data.transforms makes them
    @property
    def parsing(self) -> Tensor | None: ...  # (B, height, width) int64: labels of ATR
    @property
    def parsing_mask(self) -> Tensor | None: ...  # (B,) bool; None: all are there
    @property
    def heatmaps(self) -> Tensor | None: ...  # (B, joints, height / 4, width / 4) float32
    @property
    def heatmap_mask(self) -> Tensor | None: ...  # (B,) bool; None: all are there


@dataclass(frozen=True, slots=True, eq=False)
class PictureInputs:
    """Implements ImageInputs, without labels of whom they show."""

    pictures: Tensor
    parsing: Tensor | None = None
    parsing_mask: Tensor | None = None
    heatmaps: Tensor | None = None
    heatmap_mask: Tensor | None = None

    def to(self, device: torch.device) -> "PictureInputs":
        here = (self.pictures, self.parsing, self.parsing_mask, self.heatmaps, self.heatmap_mask)
        pictures, *rest = (None if each is None else each.to(device) for each in here)
        assert pictures is not None
        return PictureInputs(pictures, *rest)


class ImageModel(Protocol):
    """A torch module of this shape can stand where the image systems stand."""

    @property
    def picture(self) -> PictureShape: ...
    @property
    def heatmap_joints(self) -> int:
        """How many joint heatmaps it looks at; 0: none."""
        ...

    @property
    def wants_parsing(self) -> bool:
        """It can do without, and does worse."""
        ...

    def __call__(self, inputs: ImageInputs) -> dict[str, CueBatch]:
        """By cue; `fused` is always among them."""
        ...


def parsing_found(inputs: ImageInputs) -> Tensor:
    """(B,) bool: for which pictures the labels mean anything."""
    everywhere = torch.ones(len(inputs.pictures), dtype=torch.bool, device=inputs.pictures.device)
    if inputs.parsing is None:
        return ~everywhere
    return everywhere if inputs.parsing_mask is None else inputs.parsing_mask


def body_mask(inputs: ImageInputs) -> Tensor:
    """(B, 1, height, width) float: 1 on the body. Unknown, it is 1 everywhere: any place may be body."""
    found = parsing_found(inputs)
    if inputs.parsing is None:
        return torch.ones_like(inputs.pictures[:, :1])
    body = (inputs.parsing != BACKGROUND) | ~found[:, None, None]
    return body[:, None].to(inputs.pictures.dtype)


def joint_maps(inputs: ImageInputs, joints: int) -> tuple[Tensor, Tensor]:
    """(B, joints, h, w), zeros where no pose was found; and (B,) bool, where one was."""
    maps = inputs.heatmaps
    size, height, width = len(inputs.pictures), inputs.pictures.shape[2] // SHRINK, inputs.pictures.shape[3] // SHRINK
    if maps is None or tuple(maps.shape) != (size, joints, height, width):
        found = "none" if maps is None else f"an array of {tuple(maps.shape)}"
        raise ConfigInvalid(
            f"joint heatmaps: the model was made for {joints} of {height} x {width} a picture, found {found}; "
            "give it a pose estimator, or make it with the number of joints that yours finds"
        )
    mask = inputs.heatmap_mask
    if mask is None:
        mask = torch.ones(size, dtype=torch.bool, device=maps.device)
    return maps.masked_fill(~mask[:, None, None, None], 0.0), mask
