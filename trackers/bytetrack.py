"""ByteTrack (Zhang et al., ECCV 2022): detections of low score are not thrown away, they continue known tracks.

Sure detections are matched first, to all that is known; weak ones then to what was seen a moment ago and still lacks
a match, as somebody half hidden is; sure ones that nobody claims begin a new track.
"""

from reid_core.assignment import Rows
from reid_core.geometry import iou
from trackers import kalman
from trackers.births import newcomers
from trackers.cascade import Cascade
from trackers.costs import fused_cost, overlap_cost
from trackers.follower import Follower, FollowOptions, Share, Sights
from trackers.lifecycle import CONFIRMED, TENTATIVE, Lifecycle


class ByteTrack(Follower):
    class Options(FollowOptions, frozen=True):
        high_score: Share = 0.6  # detections from here on are matched first
        low_score: Share = 0.1  # those below are ignored
        high_gate: Share = 0.9  # cost (1 - overlap x score) at which a sure detection is somebody else
        low_gate: Share = 0.5  # cost (1 - overlap) likewise, for detections of low score
        tentative_gate: Share = 0.7  # cost (1 - overlap x score) likewise, for tracks seen too few times

        def __post_init__(self) -> None:
            scores_rise(self.low_score, self.high_score, self.new_score)

    def __init__(self, options: Options) -> None:
        super().__init__(options, Lifecycle(kalman.ASPECT_HEIGHT, options))
        self._options = options

    def _associate(self, cascade: Cascade, seen: Sights) -> Rows:
        wanted = self._options
        state = self._life.tracks["state"]
        known, believed, tentative = state != TENTATIVE, state == CONFIRMED, state == TENTATIVE
        sure = seen.scores >= wanted.high_score
        weak = ~sure & (seen.scores >= wanted.low_score)
        overlap = iou(self._life.boxes(), seen.boxes)
        fused = fused_cost(overlap, seen.scores)
        cascade.stage(known, sure, fused, wanted.high_gate)
        cascade.stage(believed, weak, overlap_cost(overlap), wanted.low_gate)
        cascade.stage(tentative, sure, fused, wanted.tentative_gate)
        return newcomers(seen.boxes, seen.scores, cascade.open_columns, wanted.new_score, wanted.doubled_overlap)


def scores_rise(low_score: float, high_score: float, new_score: float) -> None:
    """The check of options that ask for all three."""
    if not low_score <= high_score <= new_score:
        raise ValueError(
            f"expected low_score ({low_score:g}), high_score ({high_score:g}) and new_score ({new_score:g}) "
            "in rising order"
        )
