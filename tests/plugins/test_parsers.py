"""The human parsers: folders of PNGs as other tools write them, ONNX exports, and parts drawn from joints."""

from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from plugins.parsers.folder import FolderParser
from plugins.parsers.onnx import OnnxParser
from plugins.parsers.pose import PoseParser, draw_parts
from reid_core import registry
from reid_core.errors import CheckpointInvalid, ConfigInvalid, DataSetInvalid
from reid_core.models.human_parts import LABEL_COUNT, LIP_LABELS, LIP_TO_ATR, label
from reid_core.options import PluginUse
from reid_core.pose.skeleton import JOINT_COUNT, joint
from reid_core.protocols import HumanParser
from reid_core.records import Pose
from tests.fakes.installed import install_plugins
from tests.fakes.palette_png import write_palette
from tests.fakes.pose import StandingPose
from tests.fakes.tracklets import person, tracklet

Labels = NDArray[np.uint8]


def some_labels(count: int = LABEL_COUNT) -> Labels:
    return (np.arange(12 * 8).reshape(12, 8) % count).astype(np.uint8)


# folder


def folder(tmp_path: Path, **more: object) -> FolderParser:
    for name in ("pictures", "labels"):
        (tmp_path / name).mkdir(exist_ok=True)
    places = {"pictures": str(tmp_path / "pictures"), "labels_root": str(tmp_path / "labels")}
    return FolderParser(FolderParser.Options(**places, **more))  # type: ignore[arg-type]


PICTURE = np.zeros((12, 8, 3), dtype=np.uint8)


@pytest.mark.parametrize("name", ["a/b.jpg.png", "a/b.png"])
def test_folder_finds_both_ways_of_naming(tmp_path: Path, name: str) -> None:
    parser: HumanParser = folder(tmp_path)
    (tmp_path / "labels/a").mkdir()
    cv2.imwrite(str(tmp_path / "labels" / name), some_labels())
    paths = [tmp_path / "pictures/a/b.jpg", tmp_path / "pictures/a/c.jpg"]
    found, missing = parser.parse([PICTURE, PICTURE], paths)
    assert found is not None
    assert np.array_equal(found, some_labels())
    assert missing is None


@pytest.mark.parametrize("depth", [4, 8])
def test_folder_reads_the_numbers_of_a_palette_and_not_its_colours(tmp_path: Path, depth: Literal[4, 8]) -> None:
    labels = some_labels(16)
    write_palette(tmp_path / "labels/b.png", labels, depth)
    [found] = folder(tmp_path).parse([PICTURE], [tmp_path / "pictures/b.jpg"])
    assert found is not None
    assert np.array_equal(found, labels)


def test_folder_maps_other_labels_and_sizes(tmp_path: Path) -> None:
    write_palette(tmp_path / "labels/b.png", some_labels(20))
    [found] = folder(tmp_path, labels="lip").parse(
        [np.zeros((24, 16, 3), dtype=np.uint8)], [tmp_path / "pictures/b.jpg"]
    )
    assert found is not None
    assert np.array_equal(found[::2, ::2], np.array(LIP_TO_ATR)[some_labels(20)])
    write_palette(tmp_path / "labels/b.png", some_labels(2))
    [own] = folder(tmp_path, labels=(0, 4)).parse([PICTURE], [tmp_path / "pictures/b.jpg"])
    assert own is not None
    assert np.array_equal(own, 4 * some_labels(2))


def test_folder_refuses_in_one_line(tmp_path: Path) -> None:
    parser, path = folder(tmp_path), tmp_path / "pictures/b.jpg"
    with pytest.raises(ConfigInvalid, match="use the parser onnx or pose"):
        parser.parse([PICTURE])
    with pytest.raises(ConfigInvalid, match="does not lie below pictures"):
        parser.parse([PICTURE], [tmp_path / "else/b.jpg"])
    write_palette(tmp_path / "labels/b.png", some_labels(20))
    with pytest.raises(DataSetInvalid, match=r"b\.png: holds the label 19, the option labels tells of 0 to 17"):
        parser.parse([PICTURE], [path])
    whole = (tmp_path / "labels/b.png").read_bytes()
    for broken in (b"", b"no png at all", whole[:40], whole[:-30]):
        (tmp_path / "labels/b.png").write_bytes(broken)
        with pytest.raises(DataSetInvalid, match=r"b\.png: ") as caught:
            parser.parse([PICTURE], [path])
        assert "\n" not in str(caught.value)
    cv2.imwrite(str(tmp_path / "labels/b.png"), PICTURE)
    with pytest.raises(DataSetInvalid, match=r"one number of 8 bits a pixel, found \(12, 8, 3\) uint8"):
        parser.parse([PICTURE], [path])
    with pytest.raises(ConfigInvalid, match="labels_root: no folder"):
        FolderParser(FolderParser.Options(pictures=str(tmp_path), labels_root=str(tmp_path / "none")))


# onnx


def write_parser(
    path: Path, names: tuple[str, ...], *, numbers: bool = False, batch: int | None = None, size: int | None = 16
) -> Path:
    """Red means the label of the first name, green of the second; else background. At a quarter of the input's size."""
    labels = 18 if "glove" not in names else 20
    weight = np.zeros((labels, 3, 1, 1), dtype=np.float32)
    order = LIP_LABELS if labels == 20 else None
    for channel, name in enumerate(names):
        weight[order.index(name) if order else label(name), channel] = 10
    bias = np.zeros(labels, dtype=np.float32)
    bias[0] = 5
    nodes = [
        helper.make_node("AveragePool", ["x"], ["small"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("Conv", ["small", "weight", "bias"], ["scores" if numbers else "y"]),
    ]
    if numbers:
        nodes.append(helper.make_node("ArgMax", ["scores"], ["y"], axis=1, keepdims=0))
    kind = TensorProto.INT64 if numbers else TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "parser",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch or "n", 3, size or "h", size or "w"])],
        [helper.make_tensor_value_info("y", kind, None)],
        [numpy_helper.from_array(weight, "weight"), numpy_helper.from_array(bias, "bias")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


RAW = {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)}


def red_over_green() -> NDArray[np.uint8]:
    picture = np.zeros((32, 8, 3), dtype=np.uint8)
    picture[:16, :, 0] = 255
    picture[16:, :, 1] = 255
    return picture


@pytest.mark.parametrize("numbers", [False, True], ids=["scores", "labels"])
@pytest.mark.parametrize("batch", [None, 2])
def test_onnx_labels_each_picture_in_its_own_size(tmp_path: Path, numbers: bool, batch: int | None) -> None:
    path = write_parser(tmp_path / "p.onnx", ("hair", "skirt"), numbers=numbers, batch=batch)
    parser: HumanParser = OnnxParser(OnnxParser.Options(path=str(path), batch=2, **RAW))  # type: ignore[arg-type]
    upper, nobody, small = parser.parse([red_over_green(), PICTURE, red_over_green()[::2, ::2].copy()])
    assert upper is not None
    assert small is not None
    assert (upper.shape, small.shape) == ((32, 8), (16, 4))
    assert upper.dtype == np.uint8
    assert set(np.unique(upper[:14])) == set(np.unique(small[:7])) == {label("hair")}
    assert set(np.unique(upper[18:])) == set(np.unique(small[9:])) == {label("skirt")}
    assert nobody is None  # background alone
    assert parser.parse([]) == []


def test_onnx_maps_lip(tmp_path: Path) -> None:
    path = write_parser(tmp_path / "p.onnx", ("coat", "glove"))
    parser = OnnxParser(OnnxParser.Options(path=str(path), labels="lip", **RAW))  # type: ignore[arg-type]
    [found] = parser.parse([red_over_green()])
    assert found is not None
    assert (found[0, 0], found[-1, 0]) == (label("upper_clothes"), label("left_arm"))


def test_onnx_refuses_what_does_not_fit_at_the_start(tmp_path: Path) -> None:
    path = str(write_parser(tmp_path / "p.onnx", ("coat", "glove")))
    with pytest.raises(CheckpointInvalid, match=r"gives \(1, 20, 4, 4\) float32 .* tells of 18"):
        OnnxParser(OnnxParser.Options(path=path))
    with pytest.raises(ConfigInvalid, match="has 1 outputs"):
        OnnxParser(OnnxParser.Options(path=path, labels="lip", output=1))
    with pytest.raises(ConfigInvalid, match="takes pictures of 16 x 16, the option size says 32 x 32"):
        OnnxParser(OnnxParser.Options(path=path, labels="lip", size=(32, 32)))
    free = str(write_parser(tmp_path / "free.onnx", ("coat", "glove"), size=None))
    with pytest.raises(ConfigInvalid, match=r"say which it was trained on, as size: \[512, 512\]"):
        OnnxParser(OnnxParser.Options(path=free, labels="lip"))
    assert OnnxParser(OnnxParser.Options(path=free, labels="lip", size=(16, 16))).parse([PICTURE])


# pose


@pytest.fixture
def parser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PoseParser:
    install_plugins(tmp_path, monkeypatch, {"poses": {"standing": "tests.fakes.pose:StandingPose"}})
    return PoseParser(PoseParser.Options(pose=PluginUse(use="standing")))


RED, BLUE = (200, 30, 30), (30, 30, 200)


@pytest.mark.parametrize("height", [120, 240])
def test_pose_draws_parts_where_the_joints_are(parser: PoseParser, height: int) -> None:
    picture = person(RED, BLUE, height=height)
    [labels] = parser.parse([picture])
    assert labels is not None
    assert labels.shape == picture.shape[:2]
    assert labels.dtype == np.uint8
    [pose] = StandingPose(StandingPose.Options()).estimate(tracklet([picture.copy()]))
    assert pose is not None

    def at(*names: str) -> int:
        x, y = np.mean([pose.image[joint(name)] for name in names], axis=0)
        return int(labels[round(float(y)), min(max(round(float(x)), 0), labels.shape[1] - 1)])

    assert at("head") == label("face")
    assert at("left_shoulder", "right_hip") == at("left_shoulder", "left_elbow") == label("upper_clothes")
    assert at("right_knee", "right_hip") == at("left_knee") == label("pants")
    assert (at("left_foot"), at("right_foot")) == (label("left_shoe"), label("right_shoe"))
    assert (at("left_hand"), at("right_hand")) == (label("left_arm"), label("right_arm"))
    assert labels[0, 0] == 0
    assert 0.2 < (labels > 0).mean() < 0.7


def test_pose_leaves_the_picture_as_it_was(parser: PoseParser) -> None:
    picture = person(RED, BLUE)
    before = picture.copy()
    parser.parse([picture])
    assert picture.flags.writeable
    assert np.array_equal(picture, before)


def test_pose_says_none_where_there_is_no_pose_or_no_torso(parser: PoseParser) -> None:
    found, none = parser.parse([person(RED, BLUE), person(RED, BLUE, height=20)])
    assert found is not None
    assert none is None
    [pose] = StandingPose(StandingPose.Options()).estimate(tracklet([person(RED, BLUE)]))
    assert pose is not None
    hidden = pose.visibility.copy()
    hidden[joint("left_hip")] = 0.2
    assert draw_parts(Pose(pose.world, pose.image, hidden), 120, 48, 0.5) is None
    hidden = pose.visibility.copy()
    hidden[joint("left_knee")] = 0.2
    parts = draw_parts(Pose(pose.world, pose.image, hidden), 120, 48, 0.5)
    assert parts is not None
    assert label("left_shoe") not in parts
    assert label("right_shoe") in parts


def test_joints_far_beside_the_picture_do_no_harm() -> None:
    points = np.random.default_rng(0).uniform(-3000, 3000, (JOINT_COUNT, 2)).astype(np.float32)
    pose = Pose(np.zeros((JOINT_COUNT, 3), dtype=np.float32), points, np.ones(JOINT_COUNT, dtype=np.float32))
    parts = draw_parts(pose, 40, 20, 0.5)
    assert parts is not None
    assert parts.shape == (40, 20)
    assert draw_parts(Pose(pose.world, pose.image * 0, pose.visibility), 40, 20, 0.5) is not None


@pytest.mark.parametrize(("name", "kind"), [("folder", FolderParser), ("onnx", OnnxParser), ("pose", PoseParser)])
def test_are_installed_by_name(name: str, kind: type[HumanParser]) -> None:
    assert registry.find("parsers", name) is kind
