"""Sources of given pictures, for tests of what stands behind a source."""

from collections.abc import Iterator, Sequence
from itertools import count
from queue import SimpleQueue
from threading import Event

from reid_core.records import CameraId, Epoch, Frame, Image


class FakeSource:
    """Gives the pictures as fast as they are taken, and then ends, raises `error`, or waits until it is closed."""

    def __init__(
        self,
        pictures: Sequence[Image],
        camera: str = "door",
        *,
        fps: float = 12.5,
        start_time: float = 1000.0,
        live: bool = False,
        error: Exception | None = None,
        stays_open: bool = False,
    ) -> None:
        self.camera = CameraId(camera)
        self.live = live
        self._pictures = pictures
        self._period_seconds = 1.0 / fps
        self._start_time = start_time
        self._error = error
        self._stays_open = stays_open
        self._epochs = count()
        self._stop = Event()

    def frames(self) -> Iterator[Frame]:
        self.close()
        self._stop = stop = Event()
        return self._until(stop, Epoch(f"epoch{next(self._epochs)}"))

    def close(self) -> None:
        self._stop.set()

    def _until(self, stop: Event, epoch: Epoch) -> Iterator[Frame]:
        for index, picture in enumerate(self._pictures):
            if stop.is_set():
                return
            yield Frame(self.camera, epoch, index, self._start_time + index * self._period_seconds, picture)
        if self._stays_open:
            stop.wait()
        if self._error is not None and not stop.is_set():
            raise self._error


class FedSource:
    """A camera that gives a picture when the test feeds it one."""

    def __init__(self, camera: str = "door") -> None:
        self.camera = CameraId(camera)
        self.live = True
        self._fed: SimpleQueue[Image | None] = SimpleQueue()

    def feed(self, *pictures: Image) -> None:
        for picture in pictures:
            self._fed.put(picture)

    def frames(self) -> Iterator[Frame]:
        for index in count():
            picture = self._fed.get()
            if picture is None:
                return
            yield Frame(self.camera, Epoch("epoch"), index, float(index), picture)

    def close(self) -> None:
        self._fed.put(None)
