"""The ultralytics plugin, where the library is installed; and what it says where it is not, or has no weights."""

import sys
from pathlib import Path

import numpy as np
import pytest

from plugins.detectors.ultralytics import UltralyticsDetector
from reid_core.errors import CheckpointInvalid, PluginNotFound
from reid_core.records import CameraId, Epoch, Frame


def write_weights(folder: Path) -> str:
    """A small YOLO11 that learned nothing; made offline."""
    import torch

    from plugins.detectors.ultralytics import _ultralytics

    library = _ultralytics()
    torch.manual_seed(0)
    path = folder / "random.pt"
    library.YOLO("yolo11n.yaml").save(path)
    return str(path)


@pytest.fixture
def _installed() -> None:
    pytest.importorskip("ultralytics", reason="ultralytics is not installed: pip install 'restride[ultralytics]'")


def test_missing_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ultralytics", None)  # as if it were not installed
    with pytest.raises(PluginNotFound, match=r"pip install 'restride\[ultralytics\]'"):
        UltralyticsDetector(UltralyticsDetector.Options(model="any.pt"))


@pytest.mark.usefixtures("_installed")
def test_finds_boxes_of_the_right_class_and_says_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    model = write_weights(tmp_path)
    capfd.readouterr()
    detector = UltralyticsDetector(UltralyticsDetector.Options(model=model, score=0.0, size=128))
    noise = np.random.default_rng(0).integers(0, 255, (90, 160, 3), dtype=np.uint8)
    frames = [
        Frame(CameraId("door"), Epoch("e"), 0, 0.0, noise),
        Frame(CameraId("hall"), Epoch("e"), 0, 0.0, noise[:40]),
    ]
    first, second = detector.detect(frames)
    assert first  # of what learned nothing, every box is reported at a threshold of 0
    assert max(person.box.right for person in first) <= 160
    assert max(person.box.bottom for person in second) <= 40
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("_installed")
@pytest.mark.parametrize("content", [b"", b"not weights"])
def test_other_files_are_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.pt"
    path.write_bytes(content)
    with pytest.raises(CheckpointInvalid, match=r"bad\.pt: ultralytics .* cannot run it") as caught:
        UltralyticsDetector(UltralyticsDetector.Options(model=str(path)))
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("_installed")
def test_missing_weights_say_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(CheckpointInvalid, match=r"none\.pt: no such file.*github\.com/ultralytics/assets"):
        UltralyticsDetector(UltralyticsDetector.Options(model=str(tmp_path / "none.pt")))


@pytest.mark.usefixtures("_installed")
def test_unknown_class_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointInvalid, match="there is no person_class 80"):
        UltralyticsDetector(UltralyticsDetector.Options(model=write_weights(tmp_path), person_class=80, size=64))
