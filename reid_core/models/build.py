"""A network by its name, from typed options: our own and other people's alike, through the entry points."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from reid_core import registry
from reid_core.errors import ConfigInvalid
from reid_core.options import PluginUse


def build_model(name: str, options: Mapping[str, Any]) -> nn.Module:
    """Freshly initialised, for training. A network is a torch module with `Options` and `__init__(self, options)`."""
    model = registry.build("networks", PluginUse(use=name, options=dict(options)))
    if not isinstance(model, nn.Module):
        raise ConfigInvalid(f"networks {name}: expected a torch module, found a {type(model).__name__}")
    return model
