"""The source `video` on real files: what it reads, when it says each frame was, and how it refuses."""

import logging
import socket
import time
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from reid_core.errors import ConfigInvalid, SourceInvalid, SourceUnavailable
from reid_core.options import PluginUse
from reid_core.records import CameraId, Frame
from reid_core.registry import build
from stream.sources.reasons import CameraAway, Reason
from stream.sources.video import VideoSource
from tests.fakes.clips import number_of, write_clip, write_pictures, write_sound

DOOR = CameraId("door")


def _video(url: Path | str, **options: object) -> VideoSource:
    source = build("sources", PluginUse(use="video", options={"url": str(url), **options}), DOOR)
    assert isinstance(source, VideoSource)
    return source


def _read(url: Path | str, **options: object) -> list[Frame]:
    return list(_video(url, **options).frames())


def _numbers(frames: list[Frame]) -> list[int]:
    return [number_of(frame.image) for frame in frames]


def _refused(url: Path | str) -> str:
    with pytest.raises(SourceInvalid) as caught:
        _read(url)
    [line] = str(caught.value).splitlines()
    assert line.startswith("camera door: ")
    assert str(url) in line
    assert ";" in line, "the fix is missing"
    return line


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("clip.mp4", "libx264"),
        ("clip.mkv", "libx264"),
        ("clip.avi", "mjpeg"),
        ("clip.ts", "libx264"),
        ("clip.h264", "libx264"),
        ("ünï code 10%d.mp4", "libx264"),
        ("a:b.mp4", "libx264"),
    ],
)
def test_every_frame_in_order_with_its_time(tmp_path: Path, name: str, codec: str) -> None:
    frames = _read(write_clip(tmp_path / name, 30, codec=codec), start_time=1000.0)
    assert _numbers(frames) == list(range(30))
    assert [frame.time for frame in frames] == pytest.approx([1000 + index / 25 for index in range(30)])


def test_times_follow_the_timestamps(tmp_path: Path) -> None:
    milliseconds = [0, 40, 80, 1080, 1120, 1500]
    frames = _read(write_clip(tmp_path / "clip.mkv", 6, milliseconds=milliseconds), start_time=50.0)
    assert [frame.time for frame in frames] == pytest.approx([50 + each / 1000 for each in milliseconds])


def test_a_recording_begins_when_it_is_opened_where_nothing_else_is_said(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 2)
    before = time.time()
    [first, _] = _read(clip)
    assert before <= first.time <= time.time()


def test_a_relative_path_is_one_of_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_clip(tmp_path / "clip.mp4", 2)
    monkeypatch.chdir(tmp_path)
    assert len(_read("clip.mp4")) == 2
    with pytest.raises(SourceInvalid, match=f"clips/no.mp4: no such file in {tmp_path}; correct the path"):
        _read("clips/no.mp4")


def test_fewer_frames_a_second(tmp_path: Path) -> None:
    frames = _read(write_clip(tmp_path / "clip.mp4", 50), fps=10, start_time=0.0)
    assert len(frames) == 20
    assert [frame.index for frame in frames] == list(range(20))
    assert [frame.time for frame in frames] == pytest.approx([number / 25 for number in _numbers(frames)])


def test_smaller_pictures(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 5, size=(320, 180))
    frames = _read(clip, width=160)
    assert frames[0].image.shape == (90, 160, 3)
    assert _numbers(frames) == list(range(5))
    assert _read(clip, width=1000)[0].image.shape == (180, 320, 3)


def test_pictures_are_turned_upright(tmp_path: Path) -> None:
    plain = _read(write_clip(tmp_path / "plain.mp4", 3, size=(160, 96)))[2].image
    turned = _read(write_clip(tmp_path / "turned.mp4", 3, size=(160, 96), rotation=90))[2].image
    assert np.array_equal(turned, np.rot90(plain))


def test_colours_are_right_and_in_the_order_of_rgb(tmp_path: Path) -> None:
    pictures = write_pictures(tmp_path / "pictures", 1)
    red = np.zeros((64, 64, 3), np.uint8)
    red[..., 2] = 200  # OpenCV writes BGR
    import cv2

    cv2.imwrite(str(pictures / "red.png"), red)
    [frame] = _read(pictures / "red.png")
    assert frame.image[32, 32] == pytest.approx([200, 0, 0], abs=8)


def test_real_time_takes_its_time(tmp_path: Path) -> None:
    source = _video(write_clip(tmp_path / "clip.mp4", 20, fps=50), realtime=True)
    assert source.live
    begin = time.monotonic()
    late = [time.time() - frame.time for frame in source.frames()]
    assert 0.35 <= time.monotonic() - begin < 2.0
    assert min(late) >= -0.01, "a frame came before it was captured"


def test_as_fast_as_possible_is_faster(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 100, fps=5)  # of 20 seconds
    begin = time.monotonic()
    assert len(_read(clip)) == 100
    assert time.monotonic() - begin < 5


def test_a_recording_is_not_live_and_a_camera_is(tmp_path: Path) -> None:
    assert not _video(tmp_path / "clip.mp4").live
    assert _video("rtsp://camera/1").live


def test_a_recording_that_was_cut_off_gives_what_can_be_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name, codec in [("clip.mp4", "libx264"), ("clip.mkv", "libx264"), ("clip.avi", "mjpeg")]:
        clip = write_clip(tmp_path / name, 100, codec=codec, index_first=name.endswith("mp4"))
        clip.write_bytes(clip.read_bytes()[: int(clip.stat().st_size * 0.6)])
        caplog.clear()
        with caplog.at_level(logging.WARNING, "restride.source"):
            numbers = _numbers(_read(clip))
        assert 40 < len(numbers) < 75
        # the last group of pictures may lack those that were stored behind the cut
        assert numbers[:-4] == list(range(len(numbers) - 4))
        assert numbers == sorted(set(numbers))
        expected = f"camera door: {clip}: the recording is cut off; read its first {len(numbers)} frames"
        assert expected in caplog.messages


def test_a_whole_recording_is_read_in_silence(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name, codec in [("clip.mp4", "libx264"), ("clip.mkv", "libx264"), ("clip.avi", "mjpeg")]:
        _read(write_clip(tmp_path / name, 30, codec=codec))
    assert caplog.messages == []


def test_broken_packets_are_left_out_and_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 100, index_first=True)
    data = bytearray(clip.read_bytes())
    begin = data.index(b"mdat") + (len(data) - data.index(b"mdat")) // 2
    data[begin : begin + 300] = bytes(each ^ 0x5A for each in data[begin : begin + 300])
    clip.write_bytes(data)
    numbers = _numbers(_read(clip))
    assert 50 < len(numbers) < 100
    assert numbers[0] == 0
    assert numbers[-1] == 99, "it did not go on behind the fault"
    [message] = caplog.messages
    assert message.startswith(f"camera door: {clip}: left out ")
    assert message.endswith(f" broken packets; read {len(numbers)} frames")


def test_no_such_file(tmp_path: Path) -> None:
    assert "no such file; correct the path" in _refused(tmp_path / "no.mp4")


def test_a_folder(tmp_path: Path) -> None:
    assert "expected a video file, found a folder; for pictures, `use: folder`" in _refused(tmp_path)


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    assert "expected a video, found 0 bytes" in _refused(tmp_path / "empty.mp4")


@pytest.mark.parametrize("name", ["text.mp4", "text.txt", "text.mkv", "text"])
def test_text(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("Dear camera,\n" * 40)
    assert "expected a video, found " in _refused(tmp_path / name)


def test_sound_alone(tmp_path: Path) -> None:
    assert "expected video, found only audio (aac)" in _refused(write_sound(tmp_path / "sound.m4a"))


def test_an_mp4_that_lost_its_index(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 50)
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    assert "an MP4 without its index, as a recording that was cut off" in _refused(clip)


def test_not_one_picture_that_can_be_decoded(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 20, index_first=True)
    data = bytearray(clip.read_bytes())
    begin = data.index(b"mdat") + 4
    data[begin:] = bytes(len(data) - begin)
    clip.write_bytes(data)
    assert "not one picture can be decoded, of 20 packets" in _refused(clip)


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "clip.mp4"))  # a name in the folder, and no file
        assert "cannot be read: No such device or address; see to the file" in _refused(tmp_path / "clip.mp4")


def test_a_playlist_does_not_lead_to_the_network(tmp_path: Path) -> None:
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/secret.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(SourceInvalid):
        _read(tmp_path / "list.m3u8")


def test_a_webcam_that_is_not_there_may_be_plugged_in_later() -> None:
    with pytest.raises(CameraAway, match="camera door: webcam:97: no such device") as caught:
        _read("webcam:97")
    assert caught.value.reason is Reason.NO_DEVICE
    assert isinstance(caught.value, SourceUnavailable)


def test_an_unknown_scheme() -> None:
    with pytest.raises(SourceInvalid, match=r"camera door: carrier://\*\*\*@x: cannot read 'carrier'; use rtsp"):
        _read("carrier://me:secret@x")


@pytest.mark.parametrize("options", [{"realtime": True}, {"start_time": 5.0}])
def test_options_of_recordings_are_refused_for_cameras(options: dict[str, object]) -> None:
    with pytest.raises(ConfigInvalid, match="camera door: rtsp://x/1: realtime and start_time are for recordings"):
        _video("rtsp://x/1", **options)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"fps": 0}, "fps"),
        ({"open_seconds": -1}, "open_seconds"),
        ({"transport": "smoke"}, "transport"),
        ({"width": 3}, "width"),
        ({"url": ""}, "url"),
        ({"speed": 2}, "speed: unknown key"),
    ],
)
def test_wrong_options(options: dict[str, object], found: str) -> None:
    with pytest.raises(ConfigInvalid, match=f"sources video: options: {found}"):
        _video(**{"url": "clip.mp4", **options})  # type: ignore[arg-type]


def test_two_cameras_may_read_one_file_at_once(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 10)
    one, two = _video(clip).frames(), _video(clip).frames()
    pairs = list(islice(zip(one, two, strict=True), 10))
    assert all(left.epoch != right.epoch and left.index == right.index for left, right in pairs)
