"""BoT-SORT (Aharon et al., 2022): ByteTrack for a camera that moves, and by looks where somebody describes them.

Differences: the filter follows width and height; the tracks move along with the picture; and the cost of a pair that
lies near is its overlap's or its looks', whichever is less.
"""

from typing import Literal

import numpy as np

from reid_core.assignment import Rows
from reid_core.geometry import iou
from reid_core.options import PluginUse
from trackers import kalman
from trackers.appearance import BranchDescribes, Describe, Looks
from trackers.births import newcomers
from trackers.bytetrack import scores_rise
from trackers.camera_motion import CameraMotion, SparseFlow
from trackers.cascade import Cascade
from trackers.costs import fused_cost, overlap_cost
from trackers.follower import Follower, FollowOptions, Share, Sights
from trackers.lifecycle import CONFIRMED, TENTATIVE, Lifecycle


class BotSort(Follower):
    class Options(FollowOptions, frozen=True):
        camera_motion: Literal["none", "flow"] = "none"  # flow: the camera itself moves; some milliseconds a frame
        appearance: PluginUse | None = None  # a branch that describes each detection, such as {use: colour}
        high_score: Share = 0.6  # detections from here on are matched first
        low_score: Share = 0.1  # those below are ignored
        high_gate: Share = 0.8  # cost (1 - overlap x score, or half the distance of looks): somebody else
        low_gate: Share = 0.5  # cost (1 - overlap) likewise, for detections of low score
        tentative_gate: Share = 0.7  # as high_gate, for tracks seen too few times
        near_gate: Share = 0.5  # cost (1 - overlap) at which looks do not count
        looks_gate: Share = 0.25  # half the distance of looks likewise

        def __post_init__(self) -> None:
            scores_rise(self.low_score, self.high_score, self.new_score)

    def __init__(
        self, options: Options, camera_motion: CameraMotion | None = None, describe: Describe | None = None
    ) -> None:
        """A camera motion or a description given here comes before those of the options."""
        if camera_motion is None and options.camera_motion == "flow":
            camera_motion = SparseFlow()
        if describe is None and options.appearance is not None:
            describe = BranchDescribes(options.appearance)
        life = Lifecycle(kalman.WIDTH_HEIGHT, options)
        super().__init__(options, life, camera_motion, describe, Looks(budget=1, blend=0.9))
        self._options = options

    def _associate(self, cascade: Cascade, seen: Sights) -> Rows:
        wanted, tracks = self._options, self._life.tracks
        state = tracks["state"]
        known, believed, tentative = state != TENTATIVE, state == CONFIRMED, state == TENTATIVE
        sure = seen.scores >= wanted.high_score
        weak = ~sure & (seen.scores >= wanted.low_score)
        overlap = iou(self._life.boxes(), seen.boxes)
        cost = fused_cost(overlap, seen.scores)
        if self._looks and seen.looks.size:
            unlike = self._looks.distance(tracks["id"], seen.looks) / 2
            apart = (unlike > wanted.looks_gate) | (overlap_cost(overlap) > wanted.near_gate)
            cost = np.minimum(cost, np.where(apart, 1.0, unlike))
        cascade.stage(known, sure, cost, wanted.high_gate)
        cascade.stage(believed, weak, overlap_cost(overlap), wanted.low_gate)
        cascade.stage(tentative, sure, cost, wanted.tentative_gate)
        return newcomers(seen.boxes, seen.scores, cascade.open_columns, wanted.new_score, wanted.doubled_overlap)
