"""What a training begins from: published weights for its backbones, or a checkpoint of the same system."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

from torch import nn

from reid_core.errors import CheckpointInvalid, ConfigInvalid
from reid_core.models.checkpoint import read_checkpoint


def load_backbones(name: str, system: nn.Module, source: str) -> None:
    """`source`: a path, or a name such as resnet50. A system that loads by itself is asked, else each of its parts."""
    parts = [system] if _loader(system) else list(system.modules())
    loaders = [loader for part in parts if (loader := _loader(part))]
    if not loaders:
        raise ConfigInvalid(f"start.backbone: no part of {name} takes published weights; leave the key out")
    for load in loaders:
        load(source)


def _loader(part: nn.Module) -> Callable[[str], None] | None:
    if callable(found := getattr(part, "load_torchvision", None)):
        return cast(Callable[[str], None], found)
    if callable(found := getattr(part, "load_clip", None)):
        return lambda source: found(Path(source).expanduser())
    return None


def load_checkpoint(name: str, system: nn.Module, path: Path, new_heads: bool) -> None:
    """`new_heads`: weights of another shape are left as they are, as other classes make them."""
    theirs = read_checkpoint(path, name).model.state_dict()
    ours = system.state_dict()
    odd = [key for key in ours if key not in theirs or theirs[key].shape != ours[key].shape]
    if odd and not new_heads:
        known = [key for key in odd if key in theirs]
        told = f"{known[0]} {tuple(theirs[known[0]].shape)} for {tuple(ours[known[0]].shape)}" if known else odd[0]
        raise CheckpointInvalid(
            f"{path}: was trained for other classes, or with other options: {told}; "
            "begin with new ones by start.new_heads: true"
        )
    system.load_state_dict({key: ours[key] if key in odd else theirs[key] for key in ours})
