"""Small clips of a few people who differ in colour, build, gait and outline; and networks small enough for them."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from reid_core.data.batches import ClipBatch
from reid_core.models.asgl import Asgl
from reid_core.models.asgl_inputs import AsglInputs, ClipShape
from reid_core.models.asgl_variants import VARIANTS
from reid_core.options import convert_options
from reid_core.pose.skeleton import JOINT_COUNT

CLIP = {
    "frames": 3,
    "height": 64,
    "width": 32,
    "poses": 8,
    "silhouettes": 5,
    "silhouette_height": 32,
    "silhouette_width": 24,
}
SMALL: dict[str, Any] = {
    "persons": 4,
    "clip": CLIP,
    "backbone": "mobile",
    "temporal_refinement": 8,
    "refinement": [8, 16, 24],
    "shape_widths": [16, 16],
    "gait_widths": [8, 16],
    "heads": 2,
    "silhouette_channels": [4, 8, 8],
    "silhouette_parts": 4,
    "silhouette_part_width": 8,
    "fusion_width": 16,
}
SIZES = {"backbone", "refinement", "shape_widths", "gait_widths", "fusion_width", "clip"}


def small_options(name: str = "full", **changes: Any) -> Asgl.Options:
    """A variant in small sizes, but with what it does not look at left out of its clips."""
    differing = VARIANTS[name]
    raw = {**SMALL, **{key: value for key, value in differing.items() if key not in SIZES}}
    if not differing.get("temporal_refinement", 1):
        raw["temporal_refinement"] = 0
    elif "temporal_refinement" in differing:
        raw["temporal_refinement"] = 8
    return convert_options({**raw, **changes}, Asgl.Options, where=name)


def small(name: str = "full", **changes: Any) -> Asgl:
    torch.manual_seed(1)
    return Asgl(small_options(name, **changes))


def people(persons: int = 4, clips: int = 2, seed: int = 0, shape: ClipShape | None = None) -> ClipBatch:
    """`clips` of each, all of them whole."""
    shape = shape or convert_options(CLIP, ClipShape, where="clip")
    who = torch.arange(persons).repeat_interleave(clips)
    rng = torch.Generator().manual_seed(seed)
    inputs = AsglInputs(
        frames=_frames(who, shape, rng),
        frame_mask=torch.ones(len(who), shape.frames, dtype=torch.bool),
        joints=_joints(who, shape.poses, rng),
        visibility=0.6 + 0.4 * torch.rand(len(who), shape.poses, JOINT_COUNT, generator=rng),
        pose_mask=torch.ones(len(who), shape.poses, dtype=torch.bool),
        silhouettes=_outlines(who, shape, rng),
        silhouette_mask=torch.ones(len(who), shape.silhouettes, dtype=torch.bool),
        parsing=torch.randint(0, 18, (len(who), shape.frames, shape.height, shape.width), generator=rng),
        parsing_mask=torch.ones(len(who), shape.frames, dtype=torch.bool),
    )
    unknown = torch.full_like(who, -1)
    return ClipBatch(inputs, who, unknown, unknown, torch.arange(len(who)))


def _frames(who: Tensor, shape: ClipShape, rng: torch.Generator) -> Tensor:
    colours = torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0]])[who % 4]
    noise = torch.randn(len(who), shape.frames, 3, shape.height, shape.width, generator=rng)
    return colours[:, None, :, None, None] + 0.2 * noise


def _joints(who: Tensor, poses: int, rng: torch.Generator) -> Tensor:
    """A standing figure with a width and a pace of each person's own."""
    body = torch.from_numpy(np.random.default_rng(7).normal(size=(JOINT_COUNT, 3)).astype(np.float32))
    widths = 1 + 0.4 * torch.stack([(who % 2).float(), (who // 2).float(), torch.zeros(len(who))], dim=1)
    times = torch.arange(poses)
    swing = torch.sin((0.5 + 0.5 * who[:, None]) * times + 6.3 * torch.rand(len(who), 1, generator=rng))
    joints = body[None, None] * widths[:, None, None]
    joints = joints.expand(-1, poses, -1, -1) + 0.3 * swing[..., None, None]
    return joints + 0.02 * torch.randn(joints.shape, generator=rng)


def _outlines(who: Tensor, shape: ClipShape, rng: torch.Generator) -> Tensor:
    height, width = shape.silhouette_height, shape.silhouette_width
    across = (torch.arange(width) - width / 2).abs()
    half = (3 + 2 * who)[:, None, None] + torch.randint(0, 2, (len(who), shape.silhouettes, 1), generator=rng)
    return (across < half).float()[:, :, None].expand(-1, -1, height, -1).contiguous()
