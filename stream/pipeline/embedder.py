"""Tracklets of all cameras -> embeddings, in batches, on a thread that owns the branch."""

import logging
import time
from collections import deque
from collections.abc import Callable
from threading import Condition, Event, Thread

from reid_core.errors import DeviceUnavailable, RecordInvalid, RestrideError, Unavailable
from reid_core.protocols import Branch
from reid_core.records import Tracklet, TrackletEmbedding
from stream.metrics import Metrics

STOP_SECONDS = 2.0  # for the batch that is under way; the thread is a daemon

log = logging.getLogger("restride.embedder")


class Embedder:
    """A bounded queue before a branch. Full, it makes a patient caller wait, and forgets the oldest for the others."""

    def __init__(
        self,
        make_branch: Callable[[], Branch],
        deliver: Callable[[TrackletEmbedding], None],
        metrics: Metrics,
        *,
        size: int = 64,
        batch: int = 16,
        retry_seconds: float = 1.0,
    ) -> None:
        self._make_branch = make_branch
        self._deliver = deliver
        self._metrics = metrics
        self._size = size
        self._batch = batch
        self._retry_seconds = retry_seconds
        self._queue: deque[Tracklet] = deque()
        self._change = Condition()
        self._closing = False
        self._stopped = Event()
        self._ready = Event()
        self._failure: RestrideError | None = None
        self._thread = Thread(target=self._run, name="embedder", daemon=True)

    def start(self) -> None:
        """Returns once the branch is made; raises what its making raised."""
        self._thread.start()
        self._ready.wait()
        self.check()

    def check(self) -> None:
        """Raises when the thread is over before its time."""
        if self._failure is not None:
            raise self._failure
        if not self._thread.is_alive() and not self._closing:
            raise DeviceUnavailable("the embedder died of a fault in restride; its traceback stands above")

    def put(self, tracklet: Tracklet, *, wait: bool) -> None:
        """wait: for recorded clips, which lose nothing. A live camera cannot wait."""
        with self._change:
            while wait and len(self._queue) >= self._size and self._thread.is_alive():
                self._change.wait(0.5)
            if len(self._queue) >= self._size:
                lost = self._queue.popleft()
                self._metrics.add("tracklets_dropped", camera=lost.camera)
            self._queue.append(tracklet)
            self._change.notify_all()

    def finish(self, timeout_seconds: float) -> bool:
        """Embeds what is queued, then stops. False when the time was too short."""
        with self._change:
            self._closing = True
            self._change.notify_all()
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def close(self) -> None:
        """Stops as soon as may be; what is queued is lost, and counted."""
        with self._change:
            self._closing = True
            while self._queue:
                self._metrics.add("tracklets_dropped", camera=self._queue.popleft().camera)
            self._change.notify_all()
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        try:
            branch = self._make_branch()
            self._ready.set()
            while batch := self._take():
                self._embed(branch, batch)
        except RestrideError as error:
            self._failure = error
        finally:
            self._ready.set()
            with self._change:
                self._change.notify_all()

    def _take(self) -> list[Tracklet]:
        """The next batch; empty when there will be no more."""
        with self._change:
            while not self._queue and not self._closing:
                self._change.wait()
            count = min(self._batch, len(self._queue))
            batch = [self._queue.popleft() for _ in range(count)]
            self._change.notify_all()
        return batch

    def _embed(self, branch: Branch, batch: list[Tracklet]) -> None:
        begin = time.perf_counter()
        for tracklet, embedding in zip(batch, self._ask(branch, batch), strict=True):
            if embedding is None:
                self._metrics.add("tracklets_unseen", camera=tracklet.camera)
                continue
            try:
                self._deliver(embedding)
            except RecordInvalid as error:
                self._refuse(tracklet, error)
                continue
            self._metrics.add("tracklets_embedded", camera=tracklet.camera)
        self._metrics.add("embed_seconds", time.perf_counter() - begin)

    def _ask(self, branch: Branch, batch: list[Tracklet]) -> list[TrackletEmbedding | None]:
        """Again while the device is away; one by one when the batch is refused, so that one bad clip harms itself."""
        while not self._stopped.is_set():
            try:
                return branch.embed(batch)
            except Unavailable as error:
                log.warning("embedding: %s; trying again in %g s", error, self._retry_seconds)
                self._stopped.wait(self._retry_seconds)
            except RestrideError as error:
                if len(batch) > 1:
                    return [answer for tracklet in batch for answer in self._ask(branch, [tracklet])]
                self._refuse(batch[0], error)
                return [None]
        return [None] * len(batch)

    def _refuse(self, tracklet: Tracklet, why: RestrideError) -> None:
        self._metrics.add("tracklets_refused", camera=tracklet.camera)
        log.warning("tracklet %s cannot be embedded: %s", tracklet.id, why)
