"""A tracker for detectors that give people always in the same order: whoever comes nth has the id n."""

from collections.abc import Sequence

from reid_core.records import Detection, Frame, Track, TrackNumber, TrackState


class FakeTracker:
    def update(self, frame: Frame, detections: Sequence[Detection]) -> list[Track]:
        return [
            Track(TrackNumber(place), frame.camera, frame.time, found.box, found.score, TrackState.CONFIRMED)
            for place, found in enumerate(detections, start=1)
        ]
