"""One detector for all cameras: what arrives while it is busy goes into its next call, together."""

from collections.abc import Sequence
from concurrent.futures import Future
from threading import Lock

from reid_core.errors import RestrideError
from reid_core.protocols import Detector
from reid_core.records import Detection, Frame

_Request = tuple[Sequence[Frame], "Future[list[list[Detection]]]"]


class Batcher:
    """A Detector around a Detector, safe from any number of camera threads.

    The thread that finds the detector free works for everybody who waits. A lone camera never waits for others,
    and the busier the detector, the larger its batches.
    """

    def __init__(self, detector: Detector, max_frames: int = 32) -> None:
        self._detector = detector
        self._max_frames = max_frames
        self._free = Lock()
        self._waiting: list[_Request] = []
        self._waiting_lock = Lock()

    def detect(self, frames: Sequence[Frame]) -> list[list[Detection]]:
        answer: Future[list[list[Detection]]] = Future()
        with self._waiting_lock:
            self._waiting.append((frames, answer))
        while not answer.done():
            with self._free:
                if not answer.done():
                    self._serve(self._take())
        if answer.cancelled():
            # the batch failed: each camera alone, so that bad frames harm only the camera that they came from
            with self._free:
                return self._detector.detect(frames)
        return answer.result()

    def _take(self) -> list[_Request]:
        """The next batch, oldest first: at least one request, then while frames fit."""
        with self._waiting_lock:
            size, count = 0, 0
            for frames, _ in self._waiting:
                if count and size + len(frames) > self._max_frames:
                    break
                size, count = size + len(frames), count + 1
            batch, self._waiting = self._waiting[:count], self._waiting[count:]
        return batch

    def _serve(self, batch: Sequence[_Request]) -> None:
        try:
            found = iter(self._detector.detect([frame for frames, _ in batch for frame in frames]))
            for frames, answer in batch:
                answer.set_result([next(found) for _ in frames])
        except RestrideError:
            pass  # told again, to the one that it is about
        finally:
            for _, answer in batch:
                answer.cancel()  # does nothing to the answered
