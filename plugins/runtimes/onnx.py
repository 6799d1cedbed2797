"""A network in an ONNX file, run by ONNX Runtime on the CPU."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reid_core.errors import CheckpointInvalid, PluginNotFound
from reid_core.protocols import InputSpec

_FATAL = 4  # what went wrong comes as an exception: nothing is left to log below this level

_TYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
    "tensor(bool)": np.bool_,
}


class OnnxSession:
    """Implements protocols.Session. Arrays are cast to what the model takes: a float16 export needs no other care."""

    def __init__(self, path: Path, threads: int = 0) -> None:
        """threads: the cores that one run may use; 0 takes all."""
        runtime = _onnxruntime()
        if not path.is_file():
            raise CheckpointInvalid(f"{path}: no such file; expected a model exported to ONNX")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = _FATAL
        # idle threads that spin would take the cores from the cameras
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except _failures(runtime) as error:
            raise CheckpointInvalid(
                f"{path}: not an ONNX model that onnxruntime {runtime.__version__} can load: {_line(error)}"
            ) from error
        self._path = path
        self._failures = _failures(runtime)
        self._hash = _hash(path)
        self._inputs = tuple(InputSpec(each.name, _shape(each.shape)) for each in self._session.get_inputs())
        self._outputs = tuple(InputSpec(each.name, _shape(each.shape)) for each in self._session.get_outputs())
        self._types = tuple(_type(path, each) for each in self._session.get_inputs())

    @property
    def inputs(self) -> tuple[InputSpec, ...]:
        return self._inputs

    @property
    def outputs(self) -> tuple[InputSpec, ...]:
        return self._outputs

    @property
    def hash(self) -> str:
        """The file's sha256, its first 12 hex digits."""
        return self._hash

    def run(self, arrays: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        if len(arrays) != len(self._inputs):
            names = ", ".join(spec.name for spec in self._inputs)
            raise CheckpointInvalid(f"{self._path}: takes {len(self._inputs)} inputs ({names}), given {len(arrays)}")
        named = {
            spec.name: np.asarray(array, dtype=kind)
            for spec, kind, array in zip(self._inputs, self._types, arrays, strict=True)
        }
        try:
            return list(self._session.run(None, named))
        except self._failures as error:
            shapes = ", ".join(str(array.shape) for array in arrays)
            raise CheckpointInvalid(
                f"{self._path}: does not run on inputs of shape {shapes}: {_line(error)}"
            ) from error


def _onnxruntime() -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise PluginNotFound(f"onnxruntime cannot be imported ({error}): pip install 'restride[onnx]'") from error
    onnxruntime.set_default_logger_severity(_FATAL)
    return onnxruntime


def _failures(runtime: Any) -> tuple[type[Exception], ...]:
    """What the library raises: its own exceptions have no ancestor in common below Exception."""
    native = vars(runtime.capi.onnxruntime_pybind11_state).values()
    own = (each for each in native if isinstance(each, type) and issubclass(each, Exception))
    return (*own, RuntimeError, ValueError)


def _shape(shape: Sequence[int | str | None]) -> tuple[int | None, ...]:
    # a dynamic dimension is a name, or nothing
    return tuple(size if isinstance(size, int) else None for size in shape)


def _type(path: Path, spec: Any) -> type[Any]:
    if spec.type not in _TYPES:
        raise CheckpointInvalid(f"{path}: input {spec.name!r} is a {spec.type}; expected one of {', '.join(_TYPES)}")
    return _TYPES[spec.type]


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]


def _line(error: Exception) -> str:
    """The library's words in one line, without its code in front."""
    return " ".join(str(error).split(" : ")[-1].split())
