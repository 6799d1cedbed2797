"""Joints into the frame of reference that ASGL looks at: the paper's, or one that keeps their depth.

Joints come in metres about the pelvis. What is not seen becomes zero and touches nothing else.
"""

from typing import Final, Literal

import torch
from torch import Tensor

from reid_core.pose.skeleton import joint

Normalisation = Literal["metric", "paper"]
USUAL_TORSO_METRES: Final = 0.5  # from hips to neck, where no frame shows it whole
_NECK, _LEFT, _RIGHT = joint("neck"), joint("left_hip"), joint("right_hip")


def channels(normalisation: Normalisation, dimensions: int) -> int:
    """Numbers a joint."""
    return dimensions + (normalisation == "metric")


def normalise(
    joints: Tensor,
    visibility: Tensor,
    seen: Tensor,
    normalisation: Normalisation,
    frame_size: tuple[int, int],
    dimensions: int = 3,
) -> Tensor:
    """joints (B, S, 14, 3), visibility and seen (B, S, 14) -> (B, S, 14, channels).

    Of two dimensions only x and y are kept: the skeleton as a distant camera has it in its picture.
    """
    kept = joints[..., :dimensions].masked_fill(~seen[..., None], 0)
    if normalisation == "paper":
        return by_frame(kept, *frame_size)
    shown = visibility.masked_fill(~seen, 0)
    return torch.cat([by_torso(kept, seen), shown[..., None]], dim=-1)


def by_frame(joints: Tensor, height: int, width: int) -> Tensor:
    """The paper's x/h, y/w, z/(h w), after the translation to the origin that the pelvis already is.

    Metres divided by pixels: depth all but vanishes, and x is divided by the height.
    """
    sizes = joints.new_tensor([height, width, height * width])
    return joints / sizes[: joints.shape[-1]]


def by_torso(joints: Tensor, seen: Tensor) -> Tensor:
    """In torsos: what remains is the proportions of the body, whatever scale the estimator gave this tracklet."""
    return joints / torso_length(joints, seen)[:, None, None, None]


def torso_length(joints: Tensor, seen: Tensor) -> Tensor:
    """(B,): the median over those frames of a tracklet in which neck and both hips are seen."""
    hips = (joints[:, :, _LEFT] + joints[:, :, _RIGHT]) / 2
    lengths = (joints[:, :, _NECK] - hips).norm(dim=-1)
    whole = seen[:, :, [_NECK, _LEFT, _RIGHT]].all(dim=-1)
    whole = whole & (lengths > 0)
    count = whole.sum(dim=1, keepdim=True)
    in_order = lengths.masked_fill(~whole, torch.inf).sort(dim=1).values
    median = in_order.gather(1, (count - 1).clamp(min=0) // 2)
    return torch.where(count > 0, median, torch.full_like(median, USUAL_TORSO_METRES)).squeeze(1)
