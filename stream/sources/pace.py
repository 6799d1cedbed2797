"""How fast pictures go: fewer of them, or at the speed at which they were recorded."""

import time
from threading import Event


class Thinner:
    """Keeps about `fps` pictures a second, judged by their times: of those near each tick, the nearest."""

    def __init__(self, fps: float, step_seconds: float) -> None:
        self._period = 1.0 / fps
        self._slack = min(step_seconds, self._period) / 2
        self._due = 0.0

    def keeps(self, seconds: float) -> bool:
        if seconds < self._due - self._slack:
            return False
        self._due += self._period
        if self._due <= seconds:  # after a gap, do not catch up
            self._due = seconds + self._period
        return True


class Pacer:
    """Holds each picture back until its time has come, counted from the first; a late one goes at once."""

    def __init__(self, stop: Event) -> None:
        self._stop = stop
        self._begin: float | None = None

    def wait(self, seconds: float) -> bool:
        """False when it was stopped meanwhile."""
        now = time.monotonic()
        if self._begin is None:
            self._begin = now - seconds
        return not self._stop.wait(max(0.0, self._begin + seconds - now))
