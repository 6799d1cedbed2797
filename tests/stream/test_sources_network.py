"""The source `video` over real sockets: HTTP and RTSP servers on loopback, good, bad, silent and dying."""

import logging
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice, pairwise
from pathlib import Path

import pytest

from reid_core.records import CameraId, Frame
from stream.pipeline.handover import Latest
from stream.sources.reasons import CameraAway, Reason
from stream.sources.video import VideoSource
from tests.fakes.clips import number_of, write_clip
from tests.fakes.rtsp import RtspServer

DOOR = CameraId("door")
SHORT = 0.4  # seconds that a test waits for who does not answer


def _video(url: str, open_seconds: float = 5.0, read_seconds: float = 5.0) -> VideoSource:
    return VideoSource(VideoSource.Options(url=url, open_seconds=open_seconds, read_seconds=read_seconds), DOOR)


def _away(source: VideoSource) -> CameraAway:
    """Reads until it fails, and checks what every such error keeps."""
    with pytest.raises(CameraAway) as caught:
        for _ in source.frames():
            pass
    [line] = str(caught.value).splitlines()
    assert line.startswith("camera door: ")
    return caught.value


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """In silence."""


class _Guarded(_Files):
    def do_GET(self) -> None:
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="camera"')
        self.end_headers()


class _Page(_Files):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<html><body>Welcome to your camera</body></html>" * 20)


class _Half(_Files):
    """Promises a whole file and hangs up in its middle."""

    def do_GET(self) -> None:
        data = Path(self.translate_path(self.path)).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2])


@contextmanager
def _serving(folder: Path, kind: type[BaseHTTPRequestHandler] = _Files) -> Iterator[str]:
    make = partial(kind, directory=str(folder)) if issubclass(kind, SimpleHTTPRequestHandler) else kind
    with ThreadingHTTPServer(("127.0.0.1", 0), make) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@contextmanager
def _silence() -> Iterator[int]:
    """The port of a server that takes every connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as server:
        yield server.getsockname()[1]


def test_a_recording_on_a_web_server(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mp4", 20)
    with _serving(tmp_path) as server:
        source = _video(f"{server}/clip.mp4?token=secret")
        assert not source.live
        assert [number_of(frame.image) for frame in source.frames()] == list(range(20))


def test_a_camera_on_a_web_server_ends_by_an_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_clip(tmp_path / "stream.ts", 20)
    with _serving(tmp_path) as server, caplog.at_level(logging.INFO):
        source = _video(f"{server}/stream.ts")
        assert source.live
        error = _away(source)
    assert error.reason is Reason.ENDED
    assert "after 20 frames" in str(error)
    assert caplog.messages == ["camera door: live, 160x120"]


def test_nothing_under_that_path(tmp_path: Path) -> None:
    with _serving(tmp_path) as server:
        assert _away(_video(f"{server}/none.mp4")).reason is Reason.NOT_FOUND


def test_not_allowed_and_no_credentials_shown(tmp_path: Path) -> None:
    with _serving(tmp_path, _Guarded) as server:
        error = _away(_video(f"{server.replace('//', '//admin:hunter2@')}/video?pwd=hunter2"))
    assert error.reason is Reason.DENIED
    shown = f"{error} {error.__cause__} {error.__cause__!r}"
    assert "hunter2" not in shown
    assert "http://***@127.0.0.1" in shown


def test_a_page_instead_of_a_video(tmp_path: Path) -> None:
    with _serving(tmp_path, _Page) as server:
        assert _away(_video(f"{server}/video")).reason is Reason.BROKEN


def test_a_server_that_hangs_up_in_the_middle(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mkv", 100)
    with _serving(tmp_path, _Half) as server:
        error = _away(_video(f"{server}/clip.mkv"))
    assert error.reason is Reason.BROKEN
    assert re.search(r"while reading, after [2-7]\d frames", str(error))


def test_the_connection_is_refused() -> None:
    with _silence() as port:
        pass
    assert _away(_video(f"rtsp://127.0.0.1:{port}/1")).reason is Reason.REFUSED


def test_no_host_of_that_name() -> None:
    assert _away(_video("rtsp://camera.invalid/1")).reason is Reason.NO_HOST


@pytest.mark.parametrize("scheme", ["rtsp", "rtsps", "http", "https"])
def test_no_way_to_that_host(scheme: str) -> None:
    error = _away(_video(f"{scheme}://admin:hunter2@255.255.255.255/1"))  # of everybody: no connection leads there
    assert error.reason is Reason.NO_ROUTE
    assert "no way leads from this machine" in str(error)
    assert "hunter2" not in f"{error} {error.__cause__!r}"


@pytest.mark.parametrize("scheme", ["rtsp", "rtsps", "http", "https", "rtmp"])
def test_who_takes_the_connection_and_never_answers(scheme: str) -> None:
    with _silence() as port:
        begin = time.monotonic()
        error = _away(_video(f"{scheme}://127.0.0.1:{port}/1", open_seconds=SHORT))
        took = time.monotonic() - begin
    assert error.reason is Reason.TIMED_OUT
    assert SHORT <= took < SHORT + 1.5


def test_closed_while_it_opens_it_says_nothing() -> None:
    with _silence() as port:
        source = _video(f"rtsp://127.0.0.1:{port}/1", open_seconds=SHORT)
        frames = source.frames()
        threading.Timer(0.05, source.close).start()
        assert list(frames) == []


@pytest.mark.rtsp
class TestRtsp:
    def test_twenty_frames_and_more_over_tcp(self) -> None:
        with RtspServer() as server, closing(_video(server.url)) as source:
            frames = list(islice(source.frames(), 30))
        _check(frames)
        assert all(-0.5 < time.time() - frame.time < 10 for frame in frames)

    def test_over_udp(self) -> None:
        with RtspServer() as server:
            source = VideoSource(VideoSource.Options(url=server.url, transport="udp"), DOOR)
            with closing(source):
                _check(list(islice(source.frames(), 25)))

    def test_right_and_wrong_passwords(self) -> None:
        with RtspServer(user="admin", password="hunter2") as server:
            assert next(_video(server.url.replace("//", "//admin:hunter2@")).frames()).index == 0
            error = _away(_video(server.url.replace("//", "//admin:hunter3@")))
            assert _away(_video(server.url)).reason is Reason.DENIED
        assert error.reason is Reason.DENIED
        assert "hunter3" not in f"{error} {error.__cause__!r}"

    def test_a_wrong_path(self) -> None:
        with RtspServer() as server:
            assert _away(_video(server.url + "s")).reason is Reason.NOT_FOUND

    def test_a_server_that_is_killed(self) -> None:
        with RtspServer() as server:
            frames = _video(server.url, read_seconds=1.0).frames()
            list(islice(frames, 10))
            server.kill()
            begin = time.monotonic()
            with pytest.raises(CameraAway, match=r"the stream ended.*after \d\d frames"):
                list(frames)
            assert time.monotonic() - begin < 1.0 + 1.0
            server.start()

    def test_a_server_that_freezes_and_comes_back(self) -> None:
        with RtspServer() as server:
            source = _video(server.url, read_seconds=0.5)
            frames = source.frames()
            first = next(frames)
            server.freeze()
            begin = time.monotonic()
            with pytest.raises(CameraAway, match=r"none for 0.5 s, after \d+ frames") as caught:
                list(frames)
            # what was on its way still came; then there was silence
            assert 0.5 <= time.monotonic() - begin < 3.0
            assert caught.value.reason is Reason.TIMED_OUT
            server.thaw()
            assert next(source.frames()).epoch != first.epoch

    def test_the_newest_frames_of_a_camera(self) -> None:
        with RtspServer() as server, closing(Latest(_video(server.url))) as latest:
            frames = latest.frames()
            next(frames)
            time.sleep(1.0)
            late = [time.time() - frame.time for frame in islice(frames, 3)]
        assert max(late) < 0.5


def _check(frames: list[Frame]) -> None:
    assert [frame.index for frame in frames] == list(range(len(frames)))
    assert frames[0].image.shape == (120, 160, 3)
    steps = [later.time - earlier.time for earlier, later in pairwise(frames)]
    assert min(steps) > 0
    assert sorted(steps)[len(steps) // 2] == pytest.approx(0.04, abs=0.01)
