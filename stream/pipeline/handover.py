"""Between a source and its consumer: a reader thread reads ahead, and a bounded number of frames waits.

When it is full, Latest drops the oldest frame, so that a camera is never watched late;
Lossless lets the reader wait, so that a recording is seen whole.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from threading import Condition, Thread
from types import TracebackType

from reid_core.protocols import Source
from reid_core.records import Frame
from stream.metrics import Metrics
from stream.pipeline.overload import Overload


class _ReadAhead:
    """A Source around a Source; the reader lives as long as the iteration over frames()."""

    def __init__(self, source: Source, size: int, metrics: Metrics | None, *, drops: bool) -> None:
        if size < 1:
            raise ValueError(f"camera {source.camera}: a hand-over of {size} frames; give it room for one at least")
        self.camera = source.camera
        self.live = source.live
        self._source = source
        self._metrics = metrics or Metrics()
        self._size = size
        self._drops = drops
        self._waiting = _Waiting(size, drops)

    def frames(self) -> Iterator[Frame]:
        self._waiting.close()
        self._waiting = waiting = _Waiting(self._size, self._drops)
        return self._consume(waiting)

    def close(self) -> None:
        self._waiting.close()
        self._source.close()

    def _consume(self, waiting: "_Waiting") -> Iterator[Frame]:
        reader = Thread(target=self._read, args=(waiting,), name=f"reader of {self.camera}", daemon=True)
        reader.start()
        try:
            while taken := waiting.take():
                yield taken.pop()  # no name here holds on to the frame while the consumer works
        finally:
            waiting.close()
            while reader.is_alive():
                self._source.close()  # again: it may only now be opening
                reader.join(0.05)

    def _read(self, waiting: "_Waiting") -> None:
        with waiting:
            for frame in self._source.frames():
                self._count(dropped=waiting.put(frame))
                if waiting.closed:
                    return

    def _count(self, *, dropped: bool) -> None:
        self._metrics.add("frames_received", camera=self.camera)
        if dropped:
            self._metrics.add("frames_dropped", camera=self.camera)


class Latest(_ReadAhead):
    """Keeps the newest `size` frames, and says so when they are too many for whoever takes them."""

    def __init__(
        self,
        source: Source,
        size: int = 2,
        metrics: Metrics | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(source, size, metrics, drops=True)
        self._clock = clock
        self._overload = Overload(source.camera)

    def _count(self, *, dropped: bool) -> None:
        super()._count(dropped=dropped)
        self._overload.count(self._clock(), dropped=dropped)


class Lossless(_ReadAhead):
    """Reads at most `size` frames ahead."""

    def __init__(self, source: Source, size: int = 8, metrics: Metrics | None = None) -> None:
        super().__init__(source, size, metrics, drops=False)


class _Waiting:
    """The frames in between. As a context it is the reader's: what ends the reader is told to the consumer."""

    def __init__(self, size: int, drops: bool) -> None:
        self._frames: deque[Frame] = deque()
        self._size = size
        self._drops = drops
        self._changed = Condition()
        self._complete = False
        self.closed = False
        self._error: BaseException | None = None

    def put(self, frame: Frame) -> bool:
        """Whether the oldest was dropped to make room; where none may be dropped, waits for room."""
        with self._changed:
            while len(self._frames) >= self._size and not self._drops and not self.closed:
                self._changed.wait()
            if self.closed:
                return False
            full = len(self._frames) >= self._size
            if full:
                self._frames.popleft()
            self._frames.append(frame)
            if len(self._frames) == 1:  # nobody waits for a second one
                self._changed.notify_all()
            return full

    def take(self) -> list[Frame]:
        """The oldest frame; none at the end. Raises what ended the reader, once its frames are taken."""
        with self._changed:
            while not (self._frames or self._complete or self.closed):
                self._changed.wait()
            if self._frames:
                frame = self._frames.popleft()
                if len(self._frames) == self._size // 2:  # not at each frame: waking a reader costs more than a frame
                    self._changed.notify_all()
                return [frame]
            if self._error is not None and not self.closed:
                raise self._error
            return []

    def close(self) -> None:
        with self._changed:
            self.closed = True
            self._frames.clear()
            self._changed.notify_all()

    def __enter__(self) -> "_Waiting":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        with self._changed:
            self._error = error
            self._complete = True
            self._changed.notify_all()
        return True
