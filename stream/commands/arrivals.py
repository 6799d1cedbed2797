"""Events of a subscription, gathered on a thread, so that a command can do other things while it waits."""

import queue
import time
from collections.abc import Iterator
from threading import Thread
from types import TracebackType
from typing import Self

from reid_core.records import IdentityEvent
from stream.client import Subscription


class Arrivals:
    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription
        self._queue: queue.SimpleQueue[IdentityEvent] = queue.SimpleQueue()
        self._thread = Thread(target=self._gather, name="arrivals", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._subscription.close()
        self._thread.join()

    def within(self, seconds: float) -> Iterator[IdentityEvent]:
        """What arrives in so many seconds."""
        deadline = time.monotonic() + seconds
        while (event := self._next(deadline - time.monotonic())) is not None:
            yield event

    def until_quiet(self, seconds: float) -> Iterator[IdentityEvent]:
        """What arrives until nothing has for so many seconds."""
        while (event := self._next(seconds)) is not None:
            yield event

    def _next(self, seconds: float) -> IdentityEvent | None:
        try:
            return self._queue.get(timeout=max(seconds, 0.0))
        except queue.Empty:
            return None

    def _gather(self) -> None:
        for event in self._subscription:
            self._queue.put(event)
