"""The ONNX detector, on tiny exports whose boxes are known exactly."""

import os
from pathlib import Path

import numpy as np
import pytest

from plugins.detectors.hog import HogDetector
from plugins.detectors.onnx import OnnxDetector
from reid_core.errors import CheckpointInvalid, ConfigInvalid
from reid_core.geometry import iou, stack
from reid_core.options import convert_options
from reid_core.records import CameraId, Detection, Epoch, Frame, Image
from tests.plugins.yolo_exports import write_export

LAYOUTS = ("yolox", "decoded", "yolov8", "end2end")
RED, GREEN, BLUE = ((255, 0, 0), (0, 255, 0), (0, 0, 255))


def frame(width: int, height: int, colour: tuple[int, int, int] = (255, 255, 255)) -> Frame:
    image: Image = np.full((height, width, 3), colour, dtype=np.uint8)
    return Frame(CameraId("door"), Epoch("e"), 0, 0.0, image)


def detector(path: str, **more: object) -> OnnxDetector:
    return OnnxDetector(convert_options({"path": path, **more}, OnnxDetector.Options, "detectors onnx"))


def numbers(people: list[Detection]) -> list[list[float]]:
    return [[*stack([person.box])[0].tolist(), person.score] for person in people]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_boxes_come_back_exactly(tmp_path: Path, layout: str) -> None:
    # the input is 96 x 64; a frame of its size comes through as it is
    [people] = detector(write_export(tmp_path, layout)).detect([frame(96, 64)])
    assert numbers(people) == [pytest.approx([10, 8, 34, 56, 0.9], abs=1e-3)]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_boxes_are_scaled_to_the_frame(tmp_path: Path, layout: str) -> None:
    # 288 x 96 shrinks to a third, 96 x 32: at the top for YOLOX, in the middle (16 down) for the others
    [people] = detector(write_export(tmp_path, layout, people=[(10, 18, 34, 30, 0.9)])).detect([frame(288, 96)])
    down = 0 if layout in ("yolox", "decoded") else 16
    assert numbers(people) == [pytest.approx([30, (18 - down) * 3, 102, (30 - down) * 3, 0.9], abs=1e-2)]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_boxes_end_with_the_frame(tmp_path: Path, layout: str) -> None:
    people = [(-10, -10, 30, 80, 0.9), (40, 70, 50, 90, 0.8)]  # the second is below the input
    [found] = detector(write_export(tmp_path, layout, people=people)).detect([frame(96, 64)])
    assert numbers(found) == [pytest.approx([0, 0, 30, 64, 0.9], abs=1e-3)]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_colours_come_in_the_order_of_the_family(tmp_path: Path, layout: str) -> None:
    # the exports look at their first channel
    mine, other = (BLUE, RED) if layout in ("yolox", "decoded") else (RED, BLUE)
    found = detector(write_export(tmp_path, layout)).detect([frame(96, 64, c) for c in (mine, GREEN, other)])
    assert [len(people) for people in found] == [1, 0, 0]


@pytest.mark.parametrize("batch", [1, 2, 4, None])
def test_batches_of_every_kind_give_the_same(tmp_path: Path, batch: int | None) -> None:
    one = detector(write_export(tmp_path, "yolov8", batch=batch))
    frames = [frame(96, 64), frame(192, 128), frame(96, 64, (0, 0, 0)), frame(48, 32), frame(96, 64)]
    found = one.detect(frames)
    assert [len(people) for people in found] == [1, 1, 0, 1, 1]
    assert numbers(found[1]) == [pytest.approx([20, 16, 68, 112, 0.9], abs=1e-3)]
    assert numbers(found[3]) == [pytest.approx([5, 4, 17, 28, 0.9], abs=1e-3)]


def test_overlaps_are_suppressed_but_not_twice(tmp_path: Path) -> None:
    people = [(10, 8, 34, 56, 0.7), (11, 8, 35, 56, 0.9), (60, 8, 84, 56, 0.05)]
    for layout, expected in (("yolox", [0.9]), ("yolov8", [0.9]), ("end2end", [0.7, 0.9])):
        [found] = detector(write_export(tmp_path, layout, people=people)).detect([frame(96, 64)])
        assert [person.score for person in found] == pytest.approx(expected, abs=1e-3)
    [found] = detector(write_export(tmp_path, "yolov8", people=people), iou=0.95, score=0.01).detect([frame(96, 64)])
    assert [person.score for person in found] == pytest.approx([0.9, 0.7, 0.05], abs=1e-3)


def test_other_classes_are_left_out(tmp_path: Path) -> None:
    path = write_export(tmp_path, "end2end", people=[])
    assert detector(path).detect([frame(96, 64)]) == [[]]
    [[other]] = detector(path, person_class=2).detect([frame(96, 64)])
    assert other.score == pytest.approx(0.99)


def test_a_model_of_any_size_takes_the_one_of_the_options(tmp_path: Path) -> None:
    path = write_export(tmp_path, "yolov8", size=(96, 96), any_size=True)
    [people] = detector(path, size=96).detect([frame(96, 96)])
    assert numbers(people) == [pytest.approx([10, 8, 34, 56, 0.9], abs=1e-3)]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"layout": "yolox"}, r"layout yolox: its output has shape \(1, 7, 126\)"),
        ({"person_class": 3}, "it knows 3 classes, counted from 0; there is no person_class 3"),
    ],
)
def test_what_does_not_fit_the_model_is_refused(tmp_path: Path, more: dict[str, object], words: str) -> None:
    with pytest.raises(CheckpointInvalid, match=words) as caught:
        detector(write_export(tmp_path, "yolov8"), **more)
    assert "yolov8.onnx" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("more", [{"score": 2}, {"size": 100}, {"layout": "yolov5"}, {"threds": 1}])
def test_options_out_of_range_are_refused(tmp_path: Path, more: dict[str, object]) -> None:
    with pytest.raises(ConfigInvalid, match=f"detectors onnx: {next(iter(more))}"):
        detector(str(tmp_path / "never-read.onnx"), **more)


@pytest.mark.realdata
def test_finds_the_people_of_a_street() -> None:
    import av

    data = Path(os.environ["RESTRIDE_DATA"])
    with av.open(data / "video/vtest_480x360_reencode.mp4") as video:
        some = [each for index, each in enumerate(video.decode(video=0)) if index % 100 == 50]
    pictures = [each.to_ndarray(format="rgb24").astype(np.uint8) for each in some]
    frames = [Frame(CameraId("street"), Epoch("e"), 0, 0.0, picture) for picture in pictures]
    found = detector(str(data / "detectors/yolox_nano_416.onnx"), score=0.3).detect(frames)
    assert 4 <= np.mean([len(people) for people in found]) <= 9  # six or seven walk there
    for person in (person for people in found for person in people):
        assert 12 <= person.box.height <= 110
        assert 1.0 <= person.box.height / person.box.width <= 5.0
    # another kind of detector sees the same people in the same places
    other = HogDetector(HogDetector.Options(min_height=60)).detect(frames)
    sure = [(i, person.box) for i, people in enumerate(other) for person in people if person.score > 0.9]
    agreed = [iou(stack([box]), stack(each.box for each in found[i])).max(initial=0.0) > 0.4 for i, box in sure]
    assert len(sure) >= 10
    assert np.mean(agreed) >= 0.85
