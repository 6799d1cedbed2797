"""What every detector must do, whatever it is made of."""

from pathlib import Path

import numpy as np
import pytest

from plugins.detectors.hog import HogDetector
from plugins.detectors.onnx import OnnxDetector
from reid_core.geometry import Box
from reid_core.protocols import Detector
from reid_core.records import CameraId, Detection, Epoch, Frame, Image
from reid_core.synth.figure import Look, paint
from tests.fakes.detector import FakeDetector
from tests.plugins.yolo_exports import write_export

SIZES = ((240, 135), (135, 240), (320, 300), (20, 200), (200, 20), (1, 1))  # width, height


@pytest.fixture(params=["fake", "hog", "onnx one by one", "onnx in fours", "onnx in batches", "ultralytics"])
def detector(request: pytest.FixtureRequest, tmp_path: Path) -> Detector:
    match request.param:
        case "fake":
            return FakeDetector(lambda frame: [Detection(Box(0, 0, 1, 1), 0.9)] if frame.image.any() else [])
        case "hog":
            return HogDetector(HogDetector.Options())
        case "onnx one by one":
            return OnnxDetector(OnnxDetector.Options(path=write_export(tmp_path, "yolox", batch=1)))
        case "onnx in fours":
            return OnnxDetector(OnnxDetector.Options(path=write_export(tmp_path, "end2end", batch=4)))
        case "onnx in batches":
            return OnnxDetector(OnnxDetector.Options(path=write_export(tmp_path, "yolov8", batch=None)))
    pytest.importorskip("ultralytics", reason="ultralytics is not installed: pip install 'restride[ultralytics]'")
    from plugins.detectors.ultralytics import UltralyticsDetector
    from tests.plugins.test_detectors_ultralytics import write_weights

    # a network that learned nothing: what it says of a picture is chance, but it never says much of it
    return UltralyticsDetector(UltralyticsDetector.Options(model=write_weights(tmp_path), size=64, score=0.2))


def frame(image: Image, index: int = 0) -> Frame:
    return Frame(CameraId("door"), Epoch("e"), index, 0.0, image)


def empty(width: int, height: int) -> Image:
    return np.zeros((height, width, 3), dtype=np.uint8)


def with_a_person(width: int, height: int) -> Image:
    look = Look(1.7, 1.0, (220, 170, 140), (40, 30, 20), (180, 30, 30), None, (40, 50, 90), (20, 20, 20))
    figure = paint(look, 0.0, 0.0, height * 0.7)
    picture = np.full((height, width, 3), 190, dtype=np.float32)
    rows, columns = min(height, figure.alpha.shape[0]), min(width, figure.alpha.shape[1])
    picture[:rows, :columns] *= 1 - figure.alpha[:rows, :columns, None]
    picture[:rows, :columns] += figure.colour[:rows, :columns]
    return picture.astype(np.uint8)


def test_no_frames_no_answers(detector: Detector) -> None:
    assert detector.detect([]) == []


def test_nobody_in_an_empty_frame(detector: Detector) -> None:
    assert detector.detect([frame(empty(240, 135))]) == [[]]


def test_one_answer_a_frame_of_any_size_in_order(detector: Detector) -> None:
    pictures = [make(*size) for size in SIZES for make in (with_a_person, empty)]
    frames = [frame(picture, index) for index, picture in enumerate(pictures)]
    together = detector.detect(frames)
    assert len(together) == len(frames)
    assert [len(people) for people in together] == [len(detector.detect([each])[0]) for each in frames]
    assert not any(together[1::2])


def test_boxes_lie_in_the_frame_and_scores_are_0_to_1(detector: Detector) -> None:
    frames = [frame(with_a_person(*size)) for size in SIZES]
    for each, people in zip(frames, detector.detect(frames), strict=True):
        height, width = each.image.shape[:2]
        for person in people:
            box = person.box
            assert 0 <= box.left < box.right <= width
            assert 0 <= box.top < box.bottom <= height
            assert 0 <= person.score <= 1
            assert isinstance(person.score, float)
            assert isinstance(box.left, float | int)


def test_the_frame_stays_as_it_was(detector: Detector) -> None:
    picture = with_a_person(240, 300)
    before = picture.copy()
    detector.detect([frame(picture)])
    assert np.array_equal(picture, before)
