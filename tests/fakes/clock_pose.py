"""A pose estimator that sees the time of a shot and how many its tracklet has: what it was asked can be read back."""

import numpy as np

from reid_core import options
from reid_core.errors import RecordInvalid
from reid_core.records import Pose, Tracklet


class ClockPose:
    class Options(options.Options, frozen=True):
        refuses: int = 0  # tracklets of so many shots

    def __init__(self, options: Options) -> None:
        self._refuses = options.refuses

    def estimate(self, tracklet: Tracklet) -> list[Pose | None]:
        if len(tracklet.shots) == self._refuses:
            raise RecordInvalid(f"tracklet {tracklet.id}: no poses")
        count = np.full((14, 3), len(tracklet.shots), dtype=np.float32)
        return [
            Pose(count, np.full((14, 2), shot.time, dtype=np.float32), np.ones(14, dtype=np.float32))
            for shot in tracklet.shots
        ]
