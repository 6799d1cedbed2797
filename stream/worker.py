"""A worker: watches its cameras, embeds their tracklets, and sends them to the identity service."""

import logging
import time
from collections.abc import Mapping
from contextlib import closing
from threading import Event

from reid_core.protocols import Source
from stream import build
from stream.link.outbox import Outbox
from stream.metrics import Metrics
from stream.pipeline.batcher import Batcher
from stream.pipeline.embedder import Embedder
from stream.pipeline.supervisor import CameraState, Supervisor
from stream.settings import Settings

log = logging.getLogger("restride.worker")

CLOSE_SECONDS = 10.0  # from the order to stop to the end


def work(settings: Settings, stop: Event, metrics: Metrics) -> bool:
    """Until every camera is over, or `stop` is set. True when no camera failed and nothing is left unsent."""
    sources = [build.make_source(camera) for camera in settings.cameras]
    build.make_tracker(settings.tracker)  # a wrong option is told before anything starts
    detector = Batcher(build.make_detector(settings))
    with (
        closing(build.make_spool(settings)) as spool,
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
            _stop(cameras, time.monotonic() + CLOSE_SECONDS)
        # told to stop, it hurries; recorded clips, which nobody waits for, take the time that they take
        deadline = time.monotonic() + CLOSE_SECONDS if stop.is_set() else None
        embedded = embedder.finish(_left(deadline))
        sent = _drain(outbox, stop, deadline)
        failed = any(camera.state is CameraState.FAILED for camera in cameras)
        return embedded and sent and not failed


def _stop(cameras: Mapping[Supervisor, Source], deadline: float) -> None:
    for camera in cameras:
        camera.stop()
    for camera, source in cameras.items():
        # more than once: a connection may have been about to open when it was first told
        while camera.running and _left(deadline) > 0:
            source.close()
            camera.join(0.2)


def _left(deadline: float | None) -> float:
    """Seconds until the deadline."""
    return 3600.0 if deadline is None else max(0.0, deadline - time.monotonic())


def _drain(outbox: Outbox, stop: Event, deadline: float | None) -> bool:
    """Waits for every acknowledgement; told to stop, it leaves the rest in the spool for the next start."""
    told = False
    while not outbox.drain(min(1.0, _left(deadline))):
        if deadline is None and stop.is_set():
            deadline = time.monotonic() + CLOSE_SECONDS
        if deadline is not None and time.monotonic() >= deadline:
            log.warning("stopped with tracklets unsent; the spool keeps them for the next start")
            return False
        if not told:
            log.info("waiting for the identity service to take the last tracklets")
            told = True
    return True
