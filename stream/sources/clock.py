"""When a picture was captured: presentation timestamps (pts) to seconds that never go backwards."""

from fractions import Fraction

LEAST_STEP_SECONDS = 0.001  # between two pictures of one epoch
REORDER_SECONDS = 1.0  # timestamps may fall back by this much without a new beginning
LONGEST_GAP_SECONDS = 3600.0  # a longer one is a fault of the clock, not a pause in the recording
LATEST_SECONDS = 5.0  # a picture that seems to arrive later than this was not late: its clock was


class MediaClock:
    """Seconds since the first picture, whatever the timestamps do: missing, equal, falling back, or jumping."""

    def __init__(self, time_base: Fraction, step_seconds: float) -> None:
        self._tick_seconds = float(time_base)
        self._step = step_seconds  # from picture to picture, where timestamps do not tell
        self._last = -step_seconds
        self._shift: float | None = None

    def seconds(self, pts: int | None) -> float:
        expected = self._last + self._step
        if pts is None:
            self._last = expected
            return expected
        stamp = pts * self._tick_seconds
        if self._shift is None:
            self._shift = expected - stamp
        gap = stamp + self._shift - self._last
        if not -REORDER_SECONDS <= gap <= LONGEST_GAP_SECONDS:
            self._shift = expected - stamp  # cameras that restart and recordings that were joined count anew
            gap = self._step
        self._last += max(gap, LEAST_STEP_SECONDS)
        return self._last


class ArrivalClock:
    """Capture times for a stream that says when its pictures were made, but on a clock of its own.

    No picture arrives before it was captured: the one that was least delayed ties its clock to ours.
    """

    def __init__(self) -> None:
        self._shift: float | None = None
        self._last = float("-inf")

    def time(self, seconds: float, arrival: float) -> float:
        if self._shift is None or not 0.0 <= arrival - (seconds + self._shift) <= LATEST_SECONDS:
            self._shift = arrival - seconds
        self._last = max(seconds + self._shift, self._last + LEAST_STEP_SECONDS)
        return self._last
