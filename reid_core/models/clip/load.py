"""CLIP's weights from a file: safetensors, a state dict, or OpenAI's TorchScript archive. No code in it is run."""

from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from zipfile import BadZipFile

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from reid_core.errors import CheckpointInvalid
from reid_core.models.clip.script_archive import is_script_archive, read_script_archive

# OpenAI's files hold these numbers among the weights
_NO_WEIGHTS = frozenset({"input_resolution", "context_length", "vocab_size"})
_WRAPPER = "state_dict"  # open_clip's training checkpoints hold the weights under this key...
_PARALLEL = "module."  # ... and these were trained on several GPUs


def read_clip(path: Path) -> dict[str, Tensor]:
    """Published names to weights, in float32. Raises CheckpointInvalid for what cannot be read as such."""
    if not path.is_file():
        raise CheckpointInvalid(f"{path}: no such file; expected the weights of CLIP's RN50")
    try:
        found: object
        if path.suffix == ".safetensors":
            found = load_file(path)
        elif is_script_archive(path):
            found = read_script_archive(path)
        else:
            found = torch.load(path, "cpu", weights_only=True)
    except (
        SafetensorError,
        UnpicklingError,
        BadZipFile,
        RuntimeError,
        EOFError,
        KeyError,
        ValueError,
        OSError,
    ) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointInvalid(
            f"{path}: cannot be read as weights ({reason}); expected .safetensors, a state dict, or OpenAI's RN50.pt"
        ) from error
    return {
        name.removeprefix(_PARALLEL): value.float() if value.is_floating_point() else value
        for name, value in _tensors(path, found).items()
        if name not in _NO_WEIGHTS
    }


def _tensors(path: Path, found: object) -> dict[str, Tensor]:
    if isinstance(found, Mapping) and isinstance(found.get(_WRAPPER), Mapping):
        found = found[_WRAPPER]
    if not isinstance(found, Mapping) or not all(isinstance(value, Tensor) for value in found.values()):
        raise CheckpointInvalid(f"{path}: expected a state dict, names to tensors, found a {type(found).__name__}")
    return {str(name): value for name, value in found.items()}
