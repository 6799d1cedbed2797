"""OC-SORT (Cao et al., CVPR 2023): trust what was seen over what was predicted.

Three differences from SORT: a track prefers boxes that lie in the direction it was going (momentum); whoever is left
is tried where it was seen last (recovery); and after a gap the filter is fed the straight path between (re-update).
"""

import numpy as np

from reid_core.assignment import Rows
from reid_core.geometry import iou
from trackers import kalman
from trackers.births import newcomers
from trackers.cascade import Cascade
from trackers.costs import overlap_cost
from trackers.follower import Follower, FollowOptions, Seconds, Share, Sights
from trackers.lifecycle import Lifecycle
from trackers.observations import turn


class OcSort(Follower):
    class Options(FollowOptions, frozen=True):
        new_score: Share = 0.6  # other detections are ignored
        gate: Share = 0.7  # cost (1 - overlap) at which a detection is somebody else
        recovery_gate: Share = 0.7  # likewise, from where the track was seen last
        momentum: Share = 0.2  # cost of turning back, beside that of no overlap, which is 1
        momentum_seconds: Seconds = 0.1  # a track's direction is that since so long ago

    def __init__(self, options: Options) -> None:
        super().__init__(options, Lifecycle(kalman.AREA_ASPECT, options, observation_centric=True))
        self._options = options

    def _associate(self, cascade: Cascade, seen: Sights) -> Rows:
        wanted, tracks = self._options, self._life.tracks
        everyone, sure = cascade.open_rows.copy(), seen.scores >= wanted.new_score
        cost = overlap_cost(iou(self._life.boxes(), seen.boxes))
        near = rows, columns = (cost < wanted.gate).nonzero()
        cost[cost >= wanted.gate] = np.inf  # a fitting direction makes nobody nearer, it chooses among the near
        turned = turn(tracks[rows], seen.boxes[columns], wanted.momentum_seconds)
        cost[near] += wanted.momentum * turned * seen.scores[columns]
        cascade.stage(everyone, sure, cost, wanted.gate + wanted.momentum)
        cascade.stage(everyone, sure, overlap_cost(iou(tracks["box"], seen.boxes)), wanted.recovery_gate)
        return newcomers(seen.boxes, seen.scores, cascade.open_columns, wanted.new_score, wanted.doubled_overlap)
