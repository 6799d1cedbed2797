"""Other people's weights: read a state dict without running what is in the file, and fill a module with it whole."""

from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from reid_core.errors import CheckpointInvalid

_NAMED = 3  # of the keys that do not fit; the others are counted


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """.safetensors, or what torch.save wrote of a state dict."""
    if not path.is_file():
        raise CheckpointInvalid(f"{path}: no such file; expected the weights of a backbone")
    try:
        found = load_file(path) if path.suffix == ".safetensors" else torch.load(path, "cpu", weights_only=True)
    except (SafetensorError, UnpicklingError, RuntimeError, EOFError, ValueError, OSError) as error:
        raise CheckpointInvalid(
            f"{path}: cannot be read as a state dict ({str(error).splitlines()[0] if str(error) else 'it is empty'}); "
            "expected .safetensors, or .pth with tensors alone"
        ) from error
    if not isinstance(found, dict) or not all(isinstance(value, Tensor) for value in found.values()):
        raise CheckpointInvalid(f"{path}: expected a state dict, names to tensors, found a {type(found).__name__}")
    return {str(key): value for key, value in found.items()}


def fill(module: nn.Module, tensors: Mapping[str, Tensor], what: str) -> None:
    """Every weight, or CheckpointInvalid, whose message begins with `what`. Counters of BatchNorm may lack."""
    wanted = module.state_dict()
    given = {key: value for key, value in wanted.items() if key.endswith(".num_batches_tracked")} | dict(tensors)
    faults = {
        "lacks": [key for key in wanted if key not in given],
        "has besides": [key for key in given if key not in wanted],
        "has in another shape": [key for key in wanted if key in given and given[key].shape != wanted[key].shape],
    }
    if said := [f"it {fault} {_some(keys)}" for fault, keys in faults.items() if keys]:
        raise CheckpointInvalid(f"{what}: {'; '.join(said)}")
    module.load_state_dict(given, strict=True)


def _some(keys: list[str]) -> str:
    more = f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else ""
    return ", ".join(sorted(keys)[:_NAMED]) + more
