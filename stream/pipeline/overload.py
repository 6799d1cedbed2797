"""Whether this machine keeps up with a camera: told when it no longer does, and when it does again."""

import logging
from collections import deque

from reid_core.records import CameraId

log = logging.getLogger("restride.camera")

WINDOW_SECONDS = 60.0
SETTLE_SECONDS = 10.0  # before the first word: a hiccup is no overload
TOO_MANY = 0.1  # of the frames dropped: it begins
FEW = 0.02  # it is over; well below, so that a machine at its limit does not say both in turns


class Overload:
    """Counts the frames of one camera, over the last minute."""

    def __init__(self, camera: CameraId) -> None:
        self._camera = camera
        self._seconds: deque[tuple[int, int, int]] = deque()  # (which second, its frames, the dropped among them)
        self._frames = 0
        self._dropped = 0
        self._told = False

    def count(self, time: float, *, dropped: bool) -> None:
        """time: seconds of any clock that never goes back."""
        second = int(time)
        if self._seconds and self._seconds[-1][0] == second:
            _, frames, lost = self._seconds.pop()
        else:
            frames = lost = 0
        self._seconds.append((second, frames + 1, lost + dropped))
        self._frames += 1
        self._dropped += dropped
        while self._seconds[0][0] <= second - WINDOW_SECONDS:
            _, frames, lost = self._seconds.popleft()
            self._frames -= frames
            self._dropped -= lost
        if second - self._seconds[0][0] >= SETTLE_SECONDS:
            self._tell(self._dropped / self._frames)

    def _tell(self, share: float) -> None:
        if not self._told and share > TOO_MANY:
            self._told = True
            log.warning(
                "camera %s: too slow here: %d of %d frames dropped in the last minute; "
                "give this machine fewer cameras, fewer or smaller pictures a second, or a quicker detector",
                self._camera,
                self._dropped,
                self._frames,
            )
        elif self._told and share < FEW:
            self._told = False
            log.warning("camera %s: quick enough again: next to no frame is dropped any more", self._camera)
