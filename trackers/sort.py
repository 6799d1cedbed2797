"""SORT (Bewley et al., ICIP 2016): a Kalman filter on each box, and the greatest overlap takes all.

Unlike the paper's program, a track once believed is reported whenever it is seen, and is remembered for a while.
"""

from reid_core.assignment import Rows
from reid_core.geometry import iou
from trackers import kalman
from trackers.births import newcomers
from trackers.cascade import Cascade
from trackers.costs import overlap_cost
from trackers.follower import Follower, FollowOptions, Share, Sights
from trackers.lifecycle import Lifecycle


class Sort(Follower):
    class Options(FollowOptions, frozen=True):
        new_score: Share = 0.6  # other detections are ignored
        gate: Share = 0.7  # cost (1 - overlap) at which a detection is somebody else

    def __init__(self, options: Options) -> None:
        super().__init__(options, Lifecycle(kalman.AREA_ASPECT, options))
        self._options = options

    def _associate(self, cascade: Cascade, seen: Sights) -> Rows:
        wanted = self._options
        sure = seen.scores >= wanted.new_score
        cascade.stage(cascade.open_rows, sure, overlap_cost(iou(self._life.boxes(), seen.boxes)), wanted.gate)
        return newcomers(seen.boxes, seen.scores, cascade.open_columns, wanted.new_score, wanted.doubled_overlap)
