"""The one place that makes things from settings."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

from reid_core.options import PluginUse
from reid_core.protocols import Branch, Detector, Source, Tracker
from reid_core.records import CameraId, Tracklet
from reid_core.registry import build
from stream.link.spool import Spool
from stream.metrics import Metrics
from stream.pipeline.batcher import Batcher
from stream.pipeline.camera import watch
from stream.pipeline.cutter import Cutter
from stream.pipeline.embedder import Embedder
from stream.pipeline.handover import Latest, Lossless
from stream.settings import CameraSettings, Settings
from stream.sources.address import source_for


def make_source(camera: CameraSettings) -> Source:
    use = source_for(camera.source) if isinstance(camera.source, str) else camera.source
    return cast(Source, build("sources", use, CameraId(camera.name)))


def make_detector(settings: Settings) -> Detector:
    return cast(Detector, build("detectors", settings.detector))


def make_tracker(use: PluginUse) -> Tracker:
    return cast(Tracker, build("trackers", use))


def make_branch(settings: Settings) -> Branch:
    return cast(Branch, build("branches", settings.branch))


def make_spool(settings: Settings) -> Spool:
    return Spool(Path(settings.state) / "spool.db", settings.link.spool_bytes)


def make_watch(
    settings: Settings, source: Source, detector: Batcher, embedder: Embedder, metrics: Metrics
) -> Callable[[], None]:
    """One connection of one camera: its hand-over, tracker and cutter begin anew each time."""
    ahead = Latest(source, metrics=metrics) if source.live else Lossless(source, metrics=metrics)

    def hand_over(tracklet: Tracklet) -> None:
        embedder.put(tracklet, wait=not source.live)

    def watch_once() -> None:
        watch(ahead, detector, make_tracker(settings.tracker), Cutter(settings.cutter, metrics), hand_over)

    return watch_once
