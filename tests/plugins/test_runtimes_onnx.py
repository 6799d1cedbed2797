"""The ONNX session: shapes, types, the hash of the file, and what a wrong file says."""

import hashlib
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from plugins.runtimes.onnx import OnnxSession
from reid_core.errors import CheckpointInvalid, PluginNotFound
from reid_core.protocols import Session


def write_doubler(path: Path, kind: int = TensorProto.FLOAT) -> Path:
    """A model that adds its input to itself: (any, 3) -> (any, 3)."""
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "x"], ["y"])],
        "doubler",
        [helper.make_tensor_value_info("x", kind, ["batch", 3])],
        [helper.make_tensor_value_info("y", kind, ["batch", 3])],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


def test_runs_and_describes_its_inputs(tmp_path: Path) -> None:
    session: Session = OnnxSession(write_doubler(tmp_path / "m.onnx"), threads=1)
    [spec] = session.inputs
    assert (spec.name, spec.shape) == ("x", (None, 3))
    [out] = session.run([np.ones((2, 3), dtype=np.float32)])
    assert out.tolist() == [[2.0] * 3] * 2


def test_casts_to_the_type_of_the_model(tmp_path: Path) -> None:
    session = OnnxSession(write_doubler(tmp_path / "half.onnx", TensorProto.FLOAT16))
    [out] = session.run([np.ones((1, 3), dtype=np.float32)])
    assert out.dtype == np.float16


def test_hash_is_of_the_file(tmp_path: Path) -> None:
    path = write_doubler(tmp_path / "m.onnx")
    assert OnnxSession(path).hash == hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointInvalid, match=r"none\.onnx: no such file"):
        OnnxSession(tmp_path / "none.onnx")


@pytest.mark.parametrize("content", [b"", b"not a model at all", bytes(range(256)) * 10])
def test_other_files_are_refused_in_one_line(tmp_path: Path, content: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(content)
    with pytest.raises(CheckpointInvalid, match=r"bad\.onnx: not an ONNX model") as caught:
        OnnxSession(path)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""


def test_inputs_that_do_not_fit_are_refused_in_one_line(tmp_path: Path) -> None:
    session = OnnxSession(write_doubler(tmp_path / "m.onnx"))
    with pytest.raises(CheckpointInvalid, match=r"m\.onnx: does not run on inputs of shape \(2, 4\)") as caught:
        session.run([np.zeros((2, 4), dtype=np.float32)])
    assert "\n" not in str(caught.value)
    with pytest.raises(CheckpointInvalid, match=r"takes 1 inputs \(x\), given 0"):
        session.run([])


def test_missing_library_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_doubler(tmp_path / "m.onnx")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # as if it were not installed
    with pytest.raises(PluginNotFound, match=r"pip install 'restride\[onnx\]'"):
        OnnxSession(path)
