"""What ASGL takes and gives: clips, padded and masked, in; a vector and its reliability for each cue out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Annotated, Any, Protocol

import numpy as np
import torch
from msgspec import Meta
from numpy.typing import NDArray
from torch import Tensor

from reid_core.options import Options
from reid_core.pose.gaps import PoseSequence
from reid_core.pose.skeleton import JOINT_COUNT


class ClipShape(Options, frozen=True):
    """How much of a tracklet a model looks at; part of the options that it was trained with."""

    frames: Annotated[int, Meta(ge=1)] = 8  # pictures, for appearance
    height: Annotated[int, Meta(ge=8)] = 256  # pixels
    width: Annotated[int, Meta(ge=8)] = 128
    poses: Annotated[int, Meta(ge=0)] = 64  # for shape and gait; 0: the model asks for none
    silhouettes: Annotated[int, Meta(ge=0)] = 0  # for the silhouette cue; 0: the model asks for none
    silhouette_height: Annotated[int, Meta(ge=8)] = 64  # pixels
    silhouette_width: Annotated[int, Meta(ge=8)] = 44


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """One tracklet, as long as it is."""

    frames: NDArray[np.float32]  # (T, 3, height, width) as reid_core.data.transforms makes them
    poses: PoseSequence | None  # S of them; None: not a single one was found, or none was asked for
    silhouettes: Sequence[NDArray[np.float32] | None] = ()  # S of (h, w), 0 to 1; None where nobody was made out
    parsing: Sequence[NDArray[np.uint8] | None] = ()  # T of (height, width), labels of ATR


@dataclass(frozen=True, slots=True, eq=False)
class AsglInputs:
    """B clips of one length. Where a mask is False the numbers mean nothing, and no result may depend on them."""

    frames: Tensor  # (B, T, 3, height, width) float32
    frame_mask: Tensor  # (B, T) bool
    joints: Tensor  # (B, S, 14, 3) float32 metres, pelvis-centred; x right, y down, z away from the camera
    visibility: Tensor  # (B, S, 14) float32, 0 to 1
    pose_mask: Tensor  # (B, S) bool
    silhouettes: Tensor | None = None  # (B, S, h, w) float32, 0 to 1; None: nobody made any
    silhouette_mask: Tensor | None = None  # (B, S) bool
    parsing: Tensor | None = None  # (B, T, height, width) int64: labels of ATR, 0 to 17; None: nobody made any
    parsing_mask: Tensor | None = None  # (B, T) bool

    def to(self, device: torch.device) -> "AsglInputs":
        there: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            there[field.name] = None if value is None else value.to(device)
        return AsglInputs(**there)


@dataclass(frozen=True, slots=True, eq=False)
class CueBatch:
    vectors: Tensor  # (B, D), of any length
    reliability: Tensor  # (B,) 0 to 1; 0: nothing was seen


class AsglModel(Protocol):
    """A torch module of this shape can stand where ASGL stands."""

    @property
    def clip(self) -> ClipShape: ...
    def __call__(self, inputs: AsglInputs) -> Mapping[str, CueBatch]:
        """By cue; `fused` is always among them."""
        ...


def collate(clips: Sequence[Clip], shape: ClipShape) -> AsglInputs:
    """Padded to the model's full length, so that a clip makes the same numbers in whatever company."""
    size = len(clips)
    frames = np.zeros((size, shape.frames, 3, shape.height, shape.width), dtype=np.float32)
    frame_mask = np.zeros((size, shape.frames), dtype=np.bool_)
    joints = np.zeros((size, shape.poses, JOINT_COUNT, 3), dtype=np.float32)
    visibility = np.zeros((size, shape.poses, JOINT_COUNT), dtype=np.float32)
    pose_mask = np.zeros((size, shape.poses), dtype=np.bool_)
    for i, clip in enumerate(clips):
        frames[i, : len(clip.frames)] = clip.frames
        frame_mask[i, : len(clip.frames)] = True
        if clip.poses is not None:
            length = len(clip.poses.found)
            joints[i, :length] = clip.poses.world
            visibility[i, :length] = clip.poses.visibility
            pose_mask[i, :length] = clip.poses.found
    tensors = map(torch.from_numpy, (frames, frame_mask, joints, visibility, pose_mask))
    inputs = AsglInputs(*tensors)
    if shape.silhouettes:
        outline = (shape.silhouettes, shape.silhouette_height, shape.silhouette_width)
        masks, found = _padded([clip.silhouettes for clip in clips], outline)
        inputs = replace(inputs, silhouettes=masks, silhouette_mask=found)
    if any(each is not None for clip in clips for each in clip.parsing):
        labels, found = _padded([clip.parsing for clip in clips], (shape.frames, shape.height, shape.width))
        inputs = replace(inputs, parsing=labels.long(), parsing_mask=found)
    return inputs


def _padded(rows: Sequence[Sequence[NDArray[Any] | None]], shape: tuple[int, int, int]) -> tuple[Tensor, Tensor]:
    """(B, *shape) float32, and (B, shape[0]) bool of what is there."""
    filled = np.zeros((len(rows), *shape), dtype=np.float32)
    found = np.zeros((len(rows), shape[0]), dtype=np.bool_)
    for i, row in enumerate(rows):
        for j, each in enumerate(row):
            if each is not None:
                filled[i, j] = each
                found[i, j] = True
    return torch.from_numpy(filled), torch.from_numpy(found)
