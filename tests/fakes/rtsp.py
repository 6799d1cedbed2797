"""A real RTSP server on loopback: GStreamer's, under the system's Python, in a process of its own."""

import signal
import socket
import subprocess
from types import TracebackType
from typing import Self

_CAMERA = (
    "videotestsrc is-live=true pattern=ball ! video/x-raw,width={width},height={height},framerate={fps}/1 "
    "! x264enc tune=zerolatency speed-preset=ultrafast key-int-max={fps} "
    "! rtph264pay name=pay0 pt=96 config-interval=-1"
)

_PROGRAM = """
import sys
import gi
gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer as Rtsp
port, path, launch, user, password = sys.argv[1:]
Gst.init(None)
server = Rtsp.RTSPServer.new()
server.set_address("127.0.0.1")
server.set_service(port)
factory = Rtsp.RTSPMediaFactory.new()
factory.set_launch(f"( {launch} )")
factory.set_shared(True)
if user:
    token = Rtsp.RTSPToken.new()
    token.set_string("media.factory.role", "viewer")
    guard = Rtsp.RTSPAuth.new()
    guard.add_basic(Rtsp.RTSPAuth.make_basic(user, password), token)
    server.set_auth(guard)
    rights = Rtsp.RTSPPermissions.new()
    rights.add_role("viewer")
    rights.add_permission_for_role("viewer", "media.factory.access", True)
    rights.add_permission_for_role("viewer", "media.factory.construct", True)
    factory.set_permissions(rights)
server.get_mount_points().add_factory(path, factory)
if not server.attach(None):
    sys.exit(f"port {port} is taken")
print("ready", flush=True)
GLib.MainLoop().run()
"""


class RtspServer:
    """Started at once; keeps its port over a kill and a new start. One moving ball, under `url`."""

    def __init__(
        self,
        *,
        width: int = 160,
        height: int = 120,
        fps: int = 25,
        user: str = "",
        password: str = "",
        launch: str | None = None,  # another GStreamer pipeline, with a payloader named pay0
    ) -> None:
        self.port = _free_port()
        self._arguments = [launch or _CAMERA.format(width=width, height=height, fps=fps), user, password]
        self._process = self._launch()

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/camera"

    def start(self) -> None:
        """Again, on the same port, after stop or kill."""
        self._process = self._launch()

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """As when a camera loses power: no goodbye."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """The connection stays, and nothing comes any more."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def _launch(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            ["/usr/bin/python3", "-c", _PROGRAM, str(self.port), "/camera", *self._arguments],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            process.kill()
            process.wait()
            raise RuntimeError(f"the RTSP server did not start on port {self.port}")
        return process

    def _end(self, how: signal.Signals) -> None:
        self._process.send_signal(how)
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
