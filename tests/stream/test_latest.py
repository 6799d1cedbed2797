"""The hand-over between a source and the pipeline: what it drops, what it keeps, and how it ends."""

import re
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from itertools import count, islice

import pytest

from reid_core.errors import SourceUnavailable
from reid_core.protocols import Source
from reid_core.records import CameraId, Epoch, Frame, Image
from stream.metrics import Metrics
from stream.pipeline.handover import Latest, Lossless
from tests.fakes.clips import number_of, numbered
from tests.fakes.source import FakeSource, FedSource

Wrap = Callable[[Source], Source]
both = pytest.mark.parametrize("wrap", [Latest, Lossless])


def _wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not until():
        assert time.monotonic() < deadline, "waited 10 s in vain"
        time.sleep(0.002)


def _pictures(count: int) -> list[Image]:
    return [numbered(number) for number in range(count)]


def test_latest_drops_the_oldest_and_keeps_the_newest() -> None:
    source, metrics = FedSource(), Metrics()
    frames = Latest(source, size=2, metrics=metrics).frames()
    source.feed(numbered(0))
    assert next(frames).index == 0
    source.feed(*_pictures(20)[1:])
    _wait(lambda: metrics.get("frames_received", camera="door") == 20)
    assert [number_of(frame.image) for frame in islice(frames, 2)] == [18, 19]
    assert metrics.get("frames_dropped", camera="door") == 17


def test_latest_gives_what_is_left_when_the_source_ends() -> None:
    source, metrics = FedSource(), Metrics()
    frames = Latest(source, size=3, metrics=metrics).frames()
    source.feed(numbered(0))
    next(frames)
    source.feed(*_pictures(20)[1:])
    source.close()
    _wait(lambda: metrics.get("frames_received", camera="door") == 20)
    assert [frame.index for frame in frames] == [17, 18, 19]


def test_latest_drops_nothing_for_a_quick_reader() -> None:
    source, metrics, seen = FedSource(), Metrics(), []
    source.feed(numbered(0))
    for frame in islice(Latest(source, metrics=metrics).frames(), 5):
        seen.append(frame.index)
        source.feed(numbered(frame.index + 1))
    assert seen == [0, 1, 2, 3, 4]
    assert metrics.total("frames_dropped") == 0


def test_lossless_loses_nothing_under_a_slow_reader() -> None:
    metrics = Metrics()
    seen = []
    for frame in Lossless(FakeSource(_pictures(40)), size=4, metrics=metrics).frames():
        seen.append(number_of(frame.image))
        time.sleep(0.002)
    assert seen == list(range(40))
    assert metrics.get("frames_received", camera="door") == 40
    assert metrics.total("frames_dropped") == 0


@pytest.mark.parametrize(("make", "most"), [(lambda s: Latest(s, size=2), 2), (lambda s: Lossless(s, size=4), 4)])
def test_memory_is_bounded(make: Wrap, most: int) -> None:
    alive: list[weakref.ref[object]] = []

    class Counted:
        camera, live = CameraId("door"), False

        def frames(self) -> Iterator[Frame]:
            for index in range(200):
                picture = numbered(index)
                alive.append(weakref.ref(picture))
                yield Frame(self.camera, Epoch("e"), index, float(index), picture)

        def close(self) -> None: ...

    highest = 0
    for _ in make(Counted()).frames():
        time.sleep(0.0005)
        highest = max(highest, sum(reference() is not None for reference in list(alive)))
    assert len(alive) == 200
    assert highest <= most + 3  # those that wait, the reader's, the one that it is making, and ours


def test_an_overload_is_told_when_it_begins_and_when_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    """Two of three frames are dropped for twenty seconds; then the reader keeps up."""
    source, metrics, now = FedSource(), Metrics(), count()
    frames = Latest(source, size=1, metrics=metrics, clock=lambda: next(now) / 3).frames()

    def arrive(total: int) -> None:
        _wait(lambda: metrics.total("frames_received") == total)

    source.feed(numbered(0))
    next(frames)
    for number in range(1, 61, 3):
        source.feed(*_pictures(3))
        arrive(number + 3)
        next(frames)
    assert metrics.total("frames_dropped") == 40
    [line] = caplog.messages
    assert re.match(r"camera door: too slow here: 2\d of 31 frames dropped in the last minute; give this", line)
    for _ in range(200):
        source.feed(numbered(0))
        next(frames)
    assert metrics.total("frames_dropped") == 40
    assert caplog.messages[1:] == ["camera door: quick enough again: next to no frame is dropped any more"]


@both
def test_an_error_comes_after_the_frames_before_it(wrap: Wrap) -> None:
    frames = wrap(FakeSource(_pictures(2), error=SourceUnavailable("camera door: gone"))).frames()
    seen = [next(frames).index, next(frames).index]
    with pytest.raises(SourceUnavailable, match="camera door: gone"):
        next(frames)
    assert seen == [0, 1]


@both
def test_a_fault_of_ours_reaches_the_reader_too(wrap: Wrap) -> None:
    with pytest.raises(ZeroDivisionError):
        list(wrap(FakeSource([], error=ZeroDivisionError())).frames())


@both
def test_close_ends_a_reader_that_waits(wrap: Wrap) -> None:
    before = threading.active_count()
    source = wrap(FakeSource(_pictures(1), stays_open=True))
    frames = source.frames()
    next(frames)
    closer = threading.Timer(0.05, source.close)
    closer.start()
    assert list(frames) == []
    closer.join()
    assert threading.active_count() == before


@both
def test_closing_the_inner_source_ends_it_as_well(wrap: Wrap) -> None:
    inner = FakeSource(_pictures(1), stays_open=True)
    frames = wrap(inner).frames()
    next(frames)
    inner.close()
    assert list(frames) == []


@both
def test_no_error_of_what_was_closed(wrap: Wrap) -> None:
    class Grumbling(FakeSource):
        def frames(self) -> Iterator[Frame]:
            yield from super().frames()
            raise SourceUnavailable("camera door: closed")

    source = wrap(Grumbling(_pictures(1), stays_open=True))
    frames = source.frames()
    next(frames)
    source.close()
    assert list(frames) == []


@both
def test_a_reader_that_stops_early_leaves_no_thread_and_may_begin_again(wrap: Wrap) -> None:
    before = threading.active_count()
    source = wrap(FakeSource(_pictures(30), stays_open=True))
    epochs = []
    for _ in range(3):
        frames = source.frames()
        epochs.append(next(frames).epoch)
        del frames
        assert threading.active_count() == before
    assert len(set(epochs)) == 3


@both
def test_room_for_no_frame_is_refused(wrap: Callable[[Source, int], Source]) -> None:
    with pytest.raises(ValueError, match="camera door: a hand-over of 0 frames"):
        wrap(FakeSource([]), 0)
