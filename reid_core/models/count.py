"""How large a network is and how much it computes, by its name: one picture or one clip through it."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from reid_core import registry
from reid_core.errors import ConfigInvalid
from reid_core.models.asgl_inputs import AsglInputs, ClipShape
from reid_core.models.build import build_model
from reid_core.models.image_inputs import PictureInputs, PictureShape
from reid_core.models.operations import Operations, count_operations
from reid_core.pose.heatmaps import SHRINK
from reid_core.pose.skeleton import JOINT_COUNT


def count(name: str, persons: int, clothes: int, options: Mapping[str, Any]) -> tuple[Operations, str]:
    """And what it was given, in words."""
    accepted = registry.find("networks", name).Options.__struct_fields__
    classes = {key: each for key, each in (("persons", persons), ("clothes", clothes)) if key in accepted}
    system = build_model(name, {**classes, **options})
    inputs, words = _one(name, system)
    return count_operations(system, lambda: system(inputs)), words


def _one(name: str, system: nn.Module) -> tuple[AsglInputs | PictureInputs, str]:
    """Inputs as full as they can be: what is masked may cost nothing."""
    clip, picture = getattr(system, "clip", None), getattr(system, "picture", None)
    if isinstance(clip, ClipShape):
        inputs = AsglInputs(
            torch.zeros(1, clip.frames, 3, clip.height, clip.width),
            torch.ones(1, clip.frames, dtype=torch.bool),
            torch.randn(1, clip.poses, JOINT_COUNT, 3),
            torch.ones(1, clip.poses, JOINT_COUNT),
            torch.ones(1, clip.poses, dtype=torch.bool),
            torch.ones(1, clip.silhouettes, clip.silhouette_height, clip.silhouette_width),
            torch.ones(1, clip.silhouettes, dtype=torch.bool),
        )
        given = [f"{clip.frames} pictures of {clip.height} x {clip.width}"]
        given += [f"{clip.poses} poses"] if clip.poses else []
        given += [f"{clip.silhouettes} silhouettes"] if clip.silhouettes else []
        return inputs, f"clip of {' and '.join(given)}"
    if isinstance(picture, PictureShape):
        joints_wanted = int(getattr(system, "heatmap_joints", 0))
        height, width = picture.height, picture.width
        maps = torch.rand(1, joints_wanted, height // SHRINK, width // SHRINK) if joints_wanted else None
        labels = torch.ones(1, height, width, dtype=torch.int64) if getattr(system, "wants_parsing", False) else None
        return PictureInputs(torch.zeros(1, 3, height, width), labels, heatmaps=maps), f"picture of {height} x {width}"
    raise ConfigInvalid(f"networks {name}: says neither by `clip` nor by `picture` what it takes")
