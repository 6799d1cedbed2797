"""The weights of a TorchScript archive, read as data: nothing in it is compiled, called or imported.

Such an archive is a zip: code/ (programs), data.pkl (the tree of modules) and data/ (numbers). The tree is a pickle, a
little program for a stack; it is followed step by step here, and only the steps that weights need are known.
"""

import pickletools
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

_DTYPES: Mapping[str, torch.dtype] = MappingProxyType(
    {
        "torch.HalfStorage": torch.float16,
        "torch.BFloat16Storage": torch.bfloat16,
        "torch.FloatStorage": torch.float32,
        "torch.DoubleStorage": torch.float64,
        "torch.LongStorage": torch.int64,
        "torch.IntStorage": torch.int32,
        "torch.BoolStorage": torch.bool,
    }
)


def is_script_archive(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any("code" in PurePosixPath(name).parts[:-1] for name in archive.namelist())


def read_script_archive(path: Path) -> dict[str, Tensor]:
    """Parameters and buffers by name. Raises ValueError for what no tree of modules holds."""
    with zipfile.ZipFile(path) as archive:
        tree = next(name for name in archive.namelist() if PurePosixPath(name).name == "data.pkl")
        root = _Tree(archive, str(PurePosixPath(tree).parent)).read(archive.read(tree))
    if not isinstance(root, _Module):
        raise ValueError("its tree holds no module")
    return dict(_weights(root, ""))


@dataclass(frozen=True, slots=True)
class _Name:
    """Of a class or function: never looked up."""

    text: str


@dataclass(slots=True, eq=False)
class _Module:
    """Whatever its class is: its attributes are all that is wanted of it."""

    attributes: dict[str, Any] = field(default_factory=dict)


class _Tree:
    def __init__(self, archive: zipfile.ZipFile, folder: str) -> None:
        self._archive = archive
        self._folder = folder
        self._stack: list[Any] = []
        self._marks: list[int] = []  # lengths of the stack
        self._memo: dict[int, Any] = {}

    def read(self, program: bytes) -> Any:
        try:
            for step, given, _ in pickletools.genops(program):
                self._do(step.name, given)
            return self._stack.pop()
        except (IndexError, AttributeError, TypeError) as error:
            raise ValueError(f"its tree is damaged: {error}") from error

    def _do(self, step: str, given: Any) -> None:
        stack = self._stack
        match step:
            case "PROTO" | "STOP":
                pass
            case "MARK":
                self._marks.append(len(stack))
            case "BINPUT" | "LONG_BINPUT":
                self._memo[given] = stack[-1]
            case "BINGET" | "LONG_BINGET":
                stack.append(self._memo[given])
            case "NONE" | "NEWTRUE" | "NEWFALSE":
                stack.append({"NONE": None, "NEWTRUE": True, "NEWFALSE": False}[step])
            case "BININT" | "BININT1" | "BININT2" | "LONG1" | "BINFLOAT" | "BINUNICODE":
                stack.append(given)
            case "EMPTY_DICT" | "EMPTY_LIST" | "EMPTY_TUPLE":
                stack.append({"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple}[step]())
            case "TUPLE":
                stack.append(tuple(self._since_mark()))
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                count = int(step[-1])
                stack[-count:] = [tuple(stack[-count:])]
            case "APPEND" | "APPENDS":
                items = [stack.pop()] if step == "APPEND" else self._since_mark()
                stack[-1].extend(items)
            case "SETITEM" | "SETITEMS":
                pairs = [stack.pop(-2), stack.pop()] if step == "SETITEM" else self._since_mark()
                stack[-1].update(zip(pairs[::2], pairs[1::2], strict=True))
            case "GLOBAL":
                stack.append(_Name(given.replace(" ", ".")))
            case "NEWOBJ" | "REDUCE":
                arguments, name = stack.pop(), stack.pop()
                stack.append(_made(name.text, arguments))
            case "BUILD":
                attributes = stack.pop()
                stack[-1].attributes.update(attributes)
            case "BINPERSID":
                stack.append(self._storage(*stack.pop()))
            case _:
                raise ValueError(f"its tree has the step {step}, which no weights need")

    def _since_mark(self) -> list[Any]:
        begin = self._marks.pop()
        items = self._stack[begin:]
        del self._stack[begin:]
        return items

    def _storage(self, _: str, kind: _Name, file: str, _device: str, length: int) -> Tensor:
        if kind.text not in _DTYPES:
            raise ValueError(f"it holds numbers as {kind.text}; expected one of {', '.join(_DTYPES)}")
        dtype = _DTYPES[kind.text]
        if not length:
            return torch.empty(0, dtype=dtype)
        return torch.frombuffer(bytearray(self._archive.read(f"{self._folder}/data/{file}")), dtype=dtype, count=length)


def _made(name: str, arguments: tuple[Any, ...]) -> Any:
    if name.startswith("__torch__."):
        return _Module()
    if name == "torch._utils._rebuild_tensor_v2":
        storage, offset, size, stride = arguments[:4]
        return storage.as_strided(size, stride, offset).clone()
    if name == "collections.OrderedDict":
        return {}
    if name.startswith("torch.jit._pickle.build_"):
        return list(*arguments)
    raise ValueError(f"it names {name}, which no weights need")


def _weights(module: _Module, prefix: str) -> Iterator[tuple[str, Tensor]]:
    for name, value in module.attributes.items():
        if isinstance(value, Tensor):
            yield prefix + name, value
        elif isinstance(value, _Module):
            yield from _weights(value, f"{prefix}{name}.")
