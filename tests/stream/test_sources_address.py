"""What an address is taken for, and what of it is shown."""

from pathlib import Path

import pytest

from reid_core.options import PluginUse
from stream.sources.address import is_live, is_remote, shown, source_for, webcam_of


def test_a_folder_that_exists_is_one_of_pictures(tmp_path: Path) -> None:
    assert source_for(str(tmp_path)) == PluginUse(use="folder", options={"path": str(tmp_path)})


@pytest.mark.parametrize("text", ["rtsp://camera/1", "clips/door.mp4", "webcam:0", "no/such/folder"])
def test_everything_else_is_a_video(text: str) -> None:
    assert source_for(text) == PluginUse(use="video", options={"url": text})


@pytest.mark.parametrize(
    ("url", "live", "remote"),
    [
        ("rtsp://camera/stream", True, True),
        ("rtsp://camera/recording.mp4", True, True),
        ("http://camera/mjpg/video.cgi", True, True),
        ("https://site/clips/door.MP4?token=1", False, True),
        ("https://site/live.m3u8", True, True),
        ("udp://@:5000", True, True),
        ("webcam:0", True, False),
        ("/dev/video1", True, False),
        ("clips/door.mp4", False, False),
        ("file:///clips/door.mp4", False, False),
        ("a:b.mp4", False, False),
    ],
)
def test_cameras_and_recordings(url: str, live: bool, remote: bool) -> None:
    assert is_live(url) is live
    assert is_remote(url) is remote


@pytest.mark.parametrize(
    ("url", "device"),
    [("webcam:2", "/dev/video2"), ("/dev/video0", "/dev/video0"), ("webcam:", None), ("/dev/videos/a.mp4", None)],
)
def test_webcams(url: str, device: str | None) -> None:
    assert webcam_of(url) == device


def test_no_credentials_are_shown() -> None:
    assert shown("rtsp://admin:secret@camera/1") == "rtsp://***@camera/1"
    assert shown("http://camera/video?user=admin&pwd=secret") == "http://camera/video?..."
    assert shown("what is this?.mp4") == "what is this?.mp4"
