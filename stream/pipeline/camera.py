"""The straight line of one camera. Batching, reconnecting, timing and dropping are wrappers around its parts."""

from collections.abc import Callable

from reid_core.protocols import Detector, Source, Tracker
from reid_core.records import Tracklet
from stream.pipeline.cutter import Cutter


def watch(
    source: Source,
    detector: Detector,
    tracker: Tracker,
    cutter: Cutter,
    hand_over: Callable[[Tracklet], None],
) -> None:
    """Follow one connection to one camera until it ends; what was seen until then is handed over in any case."""
    try:
        for frame in source.frames():
            [detections] = detector.detect([frame])
            tracks = tracker.update(frame, detections)
            for tracklet in cutter.push(frame, tracks):
                hand_over(tracklet)
    finally:
        for tracklet in cutter.flush():
            hand_over(tracklet)
