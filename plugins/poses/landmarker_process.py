"""MediaPipe in a process of its own, seen from ours.

Why not in ours:
- MediaPipe posts metrics about its use to play.googleapis.com whenever a landmarker closes, and has no switch for it;
  where a firewall swallows the packets, closing takes ten seconds. Here it is given a proxy that does not exist, so
  that nothing leaves the machine and closing takes milliseconds. Our own process keeps its proxies.
- It writes to the standard error of the process, from C++, whatever it is told.
- A fault in it ends that process, not the one that watches the cameras.
"""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from types import MappingProxyType
from typing import Final
from weakref import finalize

from plugins.poses.landmarker_messages import (
    Answer,
    Failure,
    Picture,
    Ready,
    Reply,
    Settings,
    decode_reply,
    encode,
    encode_settings,
)
from reid_core.errors import CheckpointInvalid, DeviceUnavailable, PluginNotFound

log = logging.getLogger("restride.poses")

START_SECONDS = 120.0  # to import MediaPipe on a machine that does much else
PICTURE_SECONDS = 2.0  # a hundred times what a picture takes
NO_NETWORK: Final = MappingProxyType(
    {
        **dict.fromkeys(("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"), "http://127.0.0.1:9"),
        **dict.fromkeys(("no_proxy", "NO_PROXY"), ""),
    }
)


class LandmarkerProcess:
    """Raises DeviceUnavailable when it died, whereupon only close() is left to call."""

    def __init__(self, settings: Settings, network: Mapping[str, str] = NO_NETWORK) -> None:
        self._connection, theirs = Pipe()
        # -P: a folder named `plugins` where the user happens to stand must not be taken for ours
        command = [sys.executable, "-P", "-m", "plugins.poses.landmarker", str(theirs.fileno())]
        self._process = subprocess.Popen(
            [*command, encode_settings(settings)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=None if log.isEnabledFor(logging.DEBUG) else subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            env={**os.environ, **network},
        )
        theirs.close()  # theirs alone now: when they die, we see the end
        self.close = finalize(self, _stop, self._connection, self._process)
        try:
            self._greet(settings)
        except BaseException:
            self.close()
            raise

    def landmarks(self, pictures: list[Picture]) -> list[bytes | None]:
        """Of one tracklet: no trace of one is left for the next."""
        match self._ask(encode(pictures), START_SECONDS + PICTURE_SECONDS * len(pictures)):
            case Answer(landmarks):
                return landmarks
            case Failure(reason):
                raise DeviceUnavailable(f"MediaPipe cannot work on these pictures: {reason}")
            case Ready():
                raise DeviceUnavailable("the process of MediaPipe is out of step")

    def _greet(self, settings: Settings) -> None:
        match self._ask(None, START_SECONDS):
            case Failure(reason, missing_library=True):
                raise PluginNotFound(f"mediapipe cannot be imported ({reason}): pip install 'restride[pose]'")
            case Failure(reason):
                raise CheckpointInvalid(f"{settings.model}: MediaPipe cannot use it as a pose landmarker: {reason}")
            case _:
                return

    def _ask(self, message: bytes | None, seconds: float) -> Reply:
        try:
            if message is not None:
                self._connection.send_bytes(message)
            if not self._connection.poll(seconds):
                raise DeviceUnavailable(f"MediaPipe gave no answer in {seconds:g} s")
            return decode_reply(self._connection.recv_bytes())
        except (EOFError, OSError) as error:
            raise DeviceUnavailable(f"the process of MediaPipe is gone: {_end(self._process)}") from error


def _end(process: subprocess.Popen[bytes]) -> str:
    try:
        code = process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        return "it closed its end"
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _stop(connection: Connection, process: subprocess.Popen[bytes]) -> None:
    connection.close()  # which it sees, and ends
    try:
        process.wait(timeout=2)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
