"""The weights of a TorchScript archive, read as data: its code is neither compiled nor run.

Such an archive is a zip: code/ (programs), data.pkl (the tree of modules) and data/ (numbers). The tree is a pickle,
so only the few names that weights need are let through.
"""

import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import torch
from torch import Tensor

_DTYPES = {
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "FloatStorage": torch.float32,
    "DoubleStorage": torch.float64,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "BoolStorage": torch.bool,
}


def is_script_archive(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any("code" in PurePosixPath(name).parts[:-1] for name in archive.namelist())


def read_script_archive(path: Path) -> dict[str, Tensor]:
    """Parameters and buffers by name. Raises UnpicklingError for what no tree of modules holds."""
    with zipfile.ZipFile(path) as archive:
        tree = next(name for name in archive.namelist() if PurePosixPath(name).name == "data.pkl")
        root = _Tree(archive, tree).load()
    return dict(_weights(root, ""))


class _Module:
    """Whatever class the archive names: its attributes are all that is wanted of it."""

    def __setstate__(self, attributes: dict[str, Any]) -> None:
        self.attributes = attributes


class _Tree(pickle.Unpickler):
    def __init__(self, archive: zipfile.ZipFile, tree: str) -> None:
        super().__init__(io.BytesIO(archive.read(tree)))
        self._archive = archive
        self._folder = PurePosixPath(tree).parent

    def find_class(self, module: str, name: str) -> Any:
        if module.split(".")[0] == "__torch__":
            return _Module
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        if module == "torch.jit._pickle" and name.startswith("build_"):
            return list
        raise pickle.UnpicklingError(f"it names {module}.{name}, which no weights need")

    def persistent_load(self, pid: Any) -> Tensor:
        """('storage', its type, its file, device, length)."""
        _, dtype, file, _, length = pid
        if not length:
            return torch.empty(0, dtype=dtype)
        return torch.frombuffer(bytearray(self._archive.read(f"{self._folder}/data/{file}")), dtype=dtype, count=length)


def _tensor(storage: Tensor, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_more: Any) -> Tensor:
    return storage.as_strided(size, stride, offset).clone()


def _weights(module: Any, prefix: str) -> Iterator[tuple[str, Tensor]]:
    for name, value in module.attributes.items():
        if isinstance(value, Tensor):
            yield prefix + name, value
        elif isinstance(value, _Module):
            yield from _weights(value, f"{prefix}{name}.")
