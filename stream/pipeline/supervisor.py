"""Keeps one camera going: again after what passes, stopped by what does not, and never a harm to the others."""

import logging
import random
import time
from collections.abc import Callable
from enum import Enum
from threading import Event, Thread

from reid_core.errors import Invalid, RecordInvalid, RestrideError, Unavailable
from reid_core.records import CameraId
from stream.metrics import Metrics

log = logging.getLogger("restride.camera")

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 4.0  # a camera that is back is seen again within 5 s
GOOD_RUN_SECONDS = 10.0  # after a connection of this length the pauses begin short again


class CameraState(Enum):
    LIVE = "live"
    DOWN = "down"  # will be tried again
    ENDED = "ended"
    FAILED = "failed"  # by something that trying again cannot mend


class Supervisor:
    """Runs `watch_once`, one connection from begin to end, on a thread of its own.

    A recording comes to its end and has ended; the stream of a camera never does without an error.
    """

    def __init__(self, camera: CameraId, watch_once: Callable[[], None], metrics: Metrics, *, live: bool) -> None:
        self._camera = camera
        self._watch_once = watch_once
        self._metrics = metrics
        self._live = live
        self._stop = Event()
        self._thread = Thread(target=self._run, name=f"camera {camera}", daemon=True)
        self._told = ""  # of its last trouble
        self.state = CameraState.LIVE

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """No new connection; the present one ends when its source is closed."""
        self._stop.set()

    def join(self, timeout_seconds: float | None = None) -> bool:
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def _run(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not self._stop.is_set():
            begin = time.monotonic()
            self.state = self._connection()
            if self.state is not CameraState.DOWN:
                return
            self._metrics.add("camera_retries", camera=self._camera)
            if time.monotonic() - begin > GOOD_RUN_SECONDS:
                pause = FIRST_PAUSE_SECONDS
                self._told = ""
            self._stop.wait(pause * random.uniform(0.8, 1.2))  # cameras that fell together do not come back together
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        self.state = CameraState.ENDED

    def _connection(self) -> CameraState:
        """One connection; what the camera is after it."""
        try:
            self._watch_once()
        except RecordInvalid as error:
            # one bad record: a new connection may be free of it, a file never is
            log.error("%s%s", self._about(error), "; will connect again" if self._live else "")
            return CameraState.DOWN if self._live else CameraState.FAILED
        except Invalid as error:
            log.error("%s; the camera is stopped", self._about(error))
            return CameraState.FAILED
        except Unavailable as error:
            self._tell_once(f"{self._about(error)}; will try again")
            return CameraState.DOWN
        except Exception:  # the last line: a fault of ours in one camera must not stop the others
            shown = log.isEnabledFor(logging.DEBUG)
            log.error(
                "camera %s: a fault in restride, please report it%s; will try again",
                self._camera,
                "" if shown else " (--debug shows where)",
                exc_info=shown,
            )
            return CameraState.DOWN
        return CameraState.ENDED

    def _tell_once(self, words: str) -> None:
        """A camera that is away for a week is one line, not one every few seconds."""
        if words != self._told:
            log.warning("%s", words)
            self._told = words

    def _about(self, error: RestrideError) -> str:
        """What sources raise names the camera already; what other parts raise does not."""
        camera = f"camera {self._camera}: "
        return camera + str(error).removeprefix(camera)
