"""A detector that sees what the test tells it to."""

from collections.abc import Callable, Sequence

from reid_core.records import Detection, Frame


class FakeDetector:
    """`look` says who is in a frame; `calls` keeps how many frames came at once."""

    def __init__(self, look: Callable[[Frame], Sequence[Detection]] = lambda _: ()) -> None:
        self._look = look
        self.calls: list[int] = []

    def detect(self, frames: Sequence[Frame]) -> list[list[Detection]]:
        self.calls.append(len(frames))
        return [list(self._look(frame)) for frame in frames]
