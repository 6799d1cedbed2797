"""One detector for many cameras: everybody gets their own answer, and their own errors only."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock

import numpy as np
import pytest

from reid_core.errors import DeviceUnavailable
from reid_core.geometry import Box
from reid_core.records import CameraId, Detection, Epoch, Frame
from stream.pipeline.batcher import Batcher


def frame(camera: str, index: int = 0) -> Frame:
    return Frame(CameraId(camera), Epoch("e"), index, float(index), np.zeros((8, 8, 3), np.uint8))


class Recording:
    """Answers with the frame's index as the score; remembers its batches; never runs twice at a time."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.go = Event()
        self._alone = Lock()

    def detect(self, frames: Sequence[Frame]) -> list[list[Detection]]:
        assert self._alone.acquire(blocking=False), "the detector was called by two threads at once"
        try:
            self.batches.append(len(frames))
            self.go.wait(5)
            if any(frame.camera == "broken" for frame in frames):
                raise DeviceUnavailable("the device is away")
            return [[Detection(Box(0, 0, 1, 1), frame.index / 1000)] for frame in frames]
        finally:
            self._alone.release()


def test_each_caller_gets_the_answer_to_its_own_frames() -> None:
    detector = Recording()
    detector.go.set()
    batcher = Batcher(detector, max_frames=4)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda index: batcher.detect([frame("door", index)]), range(400)))
    assert [answer[0][0].score for answer in answers] == [index / 1000 for index in range(400)]
    assert sum(detector.batches) == 400
    assert max(detector.batches) <= 4


def test_what_waits_is_done_together() -> None:
    detector = Recording()
    batcher = Batcher(detector, max_frames=32)
    with ThreadPoolExecutor(9) as threads:
        first = threads.submit(batcher.detect, [frame("a")])
        while not detector.batches:
            pass
        others = [threads.submit(batcher.detect, [frame(str(index), index)]) for index in range(8)]
        while len(batcher._waiting) < 8:
            pass
        detector.go.set()
        assert [len(answer.result()) for answer in [first, *others]] == [1] * 9
    assert detector.batches == [1, 8]


def test_an_error_reaches_only_the_camera_it_is_about() -> None:
    detector = Recording()
    batcher = Batcher(detector)
    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(batcher.detect, [frame("a")])
        while not detector.batches:
            pass
        broken = threads.submit(batcher.detect, [frame("broken")])
        well = threads.submit(batcher.detect, [frame("b", 7)])
        while len(batcher._waiting) < 2:
            pass
        detector.go.set()
        assert first.result()
        assert well.result()[0][0].score == 0.007
        with pytest.raises(DeviceUnavailable, match="the device is away"):
            broken.result()


def test_several_frames_in_one_request_stay_together() -> None:
    detector = Recording()
    detector.go.set()
    answer = Batcher(detector, max_frames=2).detect([frame("a", index) for index in range(5)])
    assert [one[0].score for one in answer] == [0, 0.001, 0.002, 0.003, 0.004]
    assert Batcher(detector).detect([]) == []
