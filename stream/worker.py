"""A worker: watches its cameras, embeds their tracklets, and sends them to the identity service."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from math import inf
from threading import Event

from reid_core.protocols import Source
from stream import build
from stream.link.outbox import Outbox
from stream.link.spool import Spool, SpoolInUse
from stream.metrics import Metrics
from stream.pipeline.batcher import Batcher
from stream.pipeline.embedder import Embedder
from stream.pipeline.supervisor import CameraState, Supervisor
from stream.settings import Settings

log = logging.getLogger("restride.worker")

CAMERAS_SECONDS = 4.0  # from the order to stop until the cameras are left to themselves
CLOSE_SECONDS = 10.0  # from the order to stop to the end
SPOOL_SECONDS = CLOSE_SECONDS + 5.0  # a predecessor whose parent was killed lives as long as this


def work(settings: Settings, stop: Event, metrics: Metrics) -> bool:
    """Until every camera is over, or `stop` is set. True when no camera failed and nothing is left unsent."""
    sources = [build.make_source(camera) for camera in settings.cameras]
    build.make_tracker(settings.tracker)  # a wrong option is told before anything starts
    detector = Batcher(build.make_detector(settings))
    with (
        losses_told(metrics),
        closing(open_spool(settings, stop)) as spool,
        closing(Outbox(spool, settings.link, metrics)) as outbox,
        closing(Embedder(lambda: build.make_branch(settings), outbox.put, metrics)) as embedder,
    ):
        embedder.start()
        cameras = {
            Supervisor(
                source.camera,
                build.make_watch(settings, source, detector, embedder, metrics),
                metrics,
                live=source.live,
            ): source
            for source in sources
        }
        for camera in cameras:
            camera.start()
        try:
            while any(camera.running for camera in cameras) and not stop.wait(0.2):
                embedder.check()
        finally:
            deadline = Deadline(stop)
            _stop(cameras, min(CAMERAS_SECONDS, deadline.left()))
        embedded = wait_until(embedder.finish, deadline, "embed the last tracklets")
        sent = wait_until(outbox.drain, deadline, "hand the last tracklets to the identity service")
        if not embedded:
            log.warning("stopped with tracklets not embedded; they are lost")
        if not sent:
            log.warning("stopped with tracklets unsent; the spool keeps them for the next start")
        failed = any(camera.state is CameraState.FAILED for camera in cameras)
        return embedded and sent and not failed


def open_spool(settings: Settings, stop: Event, patience_seconds: float = SPOOL_SECONDS) -> Spool:
    """Waits for a predecessor that is about to end."""
    until = time.monotonic() + patience_seconds
    told = False
    while True:
        try:
            return build.make_spool(settings)
        except SpoolInUse:
            if stop.is_set() or time.monotonic() >= until:
                raise
            if not told:
                log.warning(
                    "another worker has the spool in %s; waiting up to %g s for it to end",
                    settings.state,
                    patience_seconds,
                )
                told = True


def _stop(cameras: Mapping[Supervisor, Source], seconds: float) -> None:
    until = time.monotonic() + seconds
    for camera in cameras:
        camera.stop()
    for camera, source in cameras.items():
        # more than once: a connection may have been about to open when it was first told
        while camera.running and time.monotonic() < until:
            source.close()
            camera.join(0.2)


class Deadline:
    """Told to stop, a worker hurries; recorded clips, which nobody waits for, take the time that they take."""

    def __init__(self, stop: Event) -> None:
        self._stop = stop
        self._at = inf

    def left(self) -> float:
        """Seconds."""
        if self._at == inf and self._stop.is_set():
            self._at = time.monotonic() + CLOSE_SECONDS
        return max(0.0, self._at - time.monotonic())


def wait_until(done: Callable[[float], bool], deadline: Deadline, what: str) -> bool:
    """`done` waits so many seconds, and says whether it is done."""
    told = False
    while not done(min(0.5, deadline.left())):
        if not deadline.left():
            return False
        if not told:
            log.info("waiting to %s", what)
            told = True
    return True


@contextmanager
def losses_told(metrics: Metrics) -> Iterator[None]:
    """At the end of a run one line, if anything was lost in it."""
    try:
        yield
    finally:
        frames, missed = (int(metrics.total(f"frames_{what}")) for what in ("received", "dropped"))
        embedded, dropped, refused = (
            int(metrics.total(f"tracklets_{what}")) for what in ("embedded", "dropped", "refused")
        )
        if missed or dropped or refused:
            log.warning(
                "of %d frames received %d were dropped; tracklets: %d embedded, %d dropped, %d refused",
                *(frames, missed, embedded, dropped, refused),
            )
