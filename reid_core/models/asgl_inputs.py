"""What ASGL takes and gives: clips, padded and masked, in; a vector and its reliability for each cue out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

import numpy as np
import torch
from msgspec import Meta
from numpy.typing import NDArray
from torch import Tensor

from reid_core.options import Options

JOINTS = 14


class ClipShape(Options, frozen=True):
    """How much of a tracklet a model looks at; part of the options that it was trained with."""

    frames: Annotated[int, Meta(ge=1)] = 8  # pictures, for appearance
    height: Annotated[int, Meta(ge=8)] = 256  # pixels
    width: Annotated[int, Meta(ge=8)] = 128
    poses: Annotated[int, Meta(ge=0)] = 64  # for shape and gait; 0: the model asks for none


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """One tracklet, as long as it is."""

    frames: NDArray[np.float32]  # (T, 3, height, width) as reid_core.data.transforms makes them
    joints: NDArray[np.float32]  # (S, 14, 3) metres, pelvis-centred; x right, y down, z away from the camera
    visibility: NDArray[np.float32]  # (S, 14) 0 to 1
    found: NDArray[np.bool_]  # (S,) False where no pose was found and the joints are filled in from its neighbours


@dataclass(frozen=True, slots=True, eq=False)
class AsglInputs:
    """B clips of one length. Where a mask is False the numbers mean nothing, and no result may depend on them."""

    frames: Tensor  # (B, T, 3, height, width) float32
    frame_mask: Tensor  # (B, T) bool
    joints: Tensor  # (B, S, 14, 3) float32
    visibility: Tensor  # (B, S, 14) float32
    pose_mask: Tensor  # (B, S) bool

    def to(self, device: torch.device) -> "AsglInputs":
        return AsglInputs(
            self.frames.to(device),
            self.frame_mask.to(device),
            self.joints.to(device),
            self.visibility.to(device),
            self.pose_mask.to(device),
        )


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
    joints = np.zeros((size, shape.poses, JOINTS, 3), dtype=np.float32)
    visibility = np.zeros((size, shape.poses, JOINTS), dtype=np.float32)
    pose_mask = np.zeros((size, shape.poses), dtype=np.bool_)
    for i, clip in enumerate(clips):
        frames[i, : len(clip.frames)] = clip.frames
        frame_mask[i, : len(clip.frames)] = True
        joints[i, : len(clip.joints)] = clip.joints
        visibility[i, : len(clip.joints)] = clip.visibility
        pose_mask[i, : len(clip.joints)] = clip.found
    return AsglInputs(*map(torch.from_numpy, (frames, frame_mask, joints, visibility, pose_mask)))
