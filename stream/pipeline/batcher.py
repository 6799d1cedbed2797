"""One detector for all cameras: what arrives while it is busy goes into its next call, together."""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

from reid_core.errors import RestrideError
from reid_core.protocols import Detector
from reid_core.records import Detection, Frame


@dataclass(slots=True, eq=False)
class _Request:
    frames: Sequence[Frame]
    answer: list[list[Detection]] | None = None
    failed: bool = False  # the batch that it was in

    @property
    def settled(self) -> bool:
        return self.failed or self.answer is not None


class Batcher:
    """A Detector around a Detector, safe from any number of camera threads.

    The thread that finds the detector free works for everybody who waits. A lone camera never waits for others,
    and the busier the detector, the larger its batches.
    """

    def __init__(self, detector: Detector, max_frames: int = 32) -> None:
        self._detector = detector
        self._max_frames = max_frames
        self._free = Lock()  # requests are settled by who holds it
        self._waiting: list[_Request] = []
        self._waiting_lock = Lock()

    def detect(self, frames: Sequence[Frame]) -> list[list[Detection]]:
        request = _Request(frames)
        with self._waiting_lock:
            self._waiting.append(request)
        while not request.settled:
            with self._free:
                if not request.settled:
                    self._serve(self._take())
        if request.answer is None:
            # the batch failed: each camera alone, so that bad frames harm only the camera that they came from
            with self._free:
                return self._detector.detect(frames)
        return request.answer

    def _take(self) -> list[_Request]:
        """The next batch, oldest first: at least one request, then while frames fit."""
        with self._waiting_lock:
            size, count = 0, 0
            for request in self._waiting:
                if count and size + len(request.frames) > self._max_frames:
                    break
                size, count = size + len(request.frames), count + 1
            batch, self._waiting = self._waiting[:count], self._waiting[count:]
        return batch

    def _serve(self, batch: Sequence[_Request]) -> None:
        try:
            found = iter(self._detector.detect([frame for request in batch for frame in request.frames]))
            for request in batch:
                request.answer = [next(found) for _ in request.frames]
        except RestrideError:
            pass  # told again, to the one that it is about
        finally:
            for request in batch:
                request.failed = request.answer is None
