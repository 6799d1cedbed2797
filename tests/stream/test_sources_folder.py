"""The source `folder`: pictures in natural order, at a rate; bad ones are left out."""

import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from reid_core.errors import ConfigInvalid, SourceInvalid
from reid_core.options import PluginUse
from reid_core.records import CameraId, Frame
from reid_core.registry import build
from stream.sources.folder import FolderSource
from tests.fakes.clips import number_of, numbered, write_pictures

DOOR = CameraId("door")


def _folder(path: Path, **options: object) -> FolderSource:
    source = build("sources", PluginUse(use="folder", options={"path": str(path), **options}), DOOR)
    assert isinstance(source, FolderSource)
    return source


def _read(path: Path, **options: object) -> list[Frame]:
    return list(_folder(path, **options).frames())


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".webp", ".JPG"])
def test_pictures_come_in_natural_order(tmp_path: Path, suffix: str) -> None:
    frames = _read(write_pictures(tmp_path, 12, suffix))
    assert [number_of(frame.image) for frame in frames] == list(range(12))


def test_times_come_from_the_rate(tmp_path: Path) -> None:
    frames = _read(write_pictures(tmp_path, 3), fps=2, start_time=100.0)
    assert [frame.time for frame in frames] == [100.0, 100.5, 101.0]


def test_colours_are_rgb(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "red.png"), np.full((4, 4, 3), (0, 0, 200), np.uint8))
    [frame] = _read(tmp_path)
    assert frame.image[0, 0].tolist() == [200, 0, 0]


def test_pictures_of_different_sizes_and_of_grey(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "1.png"), numbered(1, 320, 200))
    cv2.imwrite(str(tmp_path / "2.png"), numbered(2, 100, 50)[..., 0])
    assert [frame.image.shape for frame in _read(tmp_path)] == [(200, 320, 3), (50, 100, 3)]


def test_a_pattern_chooses(tmp_path: Path) -> None:
    write_pictures(tmp_path / "a", 2)
    write_pictures(tmp_path / "b", 3)
    assert len(_read(tmp_path, pattern="a/*")) == 2
    assert len(_read(tmp_path, pattern="**/*")) == 5
    (tmp_path / "a" / "notes.txt").write_text("not a picture")
    assert len(_read(tmp_path / "a")) == 2


def test_pictures_that_cannot_be_read_are_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_pictures(tmp_path, 10)
    (tmp_path / "frame3.png").write_bytes(b"no picture")
    (tmp_path / "frame5.png").write_bytes((tmp_path / "frame6.png").read_bytes()[:60])
    (tmp_path / "frame7.png").write_bytes(b"")
    frames = _read(tmp_path, fps=10, start_time=0.0)
    assert [number_of(frame.image) for frame in frames] == [0, 1, 2, 4, 6, 8, 9]
    assert [frame.time for frame in frames] == pytest.approx([0.0, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9])
    assert caplog.messages == [
        f"camera door: {tmp_path}: frame3.png is no picture that can be read; left out",
        f"camera door: {tmp_path}: left out 3 of 10 pictures",
    ]


def test_real_time_takes_its_time(tmp_path: Path) -> None:
    source = _folder(write_pictures(tmp_path, 6), fps=50, realtime=True)
    assert source.live
    begin = time.monotonic()
    assert len(list(source.frames())) == 6
    assert time.monotonic() - begin >= 0.1


def test_no_picture_that_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_text("text")
    with pytest.raises(SourceInvalid, match=f"camera door: {tmp_path}: not one of its 1 pictures can be read; copy"):
        _read(tmp_path)


def test_no_pictures(tmp_path: Path) -> None:
    with pytest.raises(SourceInvalid, match=f"camera door: {tmp_path}: no pictures match 'cam1\\*'; expected .bmp"):
        _read(tmp_path, pattern="cam1*")


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(SourceInvalid, match="expected a folder of pictures, found nothing there; correct the path"):
        _read(tmp_path / "no")


def test_a_file(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").touch()
    with pytest.raises(SourceInvalid, match="found a file; for a video, `use: video`"):
        _read(tmp_path / "clip.mp4")


def test_a_pattern_that_leads_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(SourceInvalid, match="pattern '/etc/\\*': "):
        _read(tmp_path, pattern="/etc/*")


def test_wrong_options(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="sources folder: options: fps"):
        _read(tmp_path, fps=0)
