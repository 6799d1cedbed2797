"""DeepSORT (Wojke et al., ICIP 2017): a track takes who looks like it, those seen a moment ago choose first.

Looks come from a branch, named in the options. Without one, or where it cannot see, what is left is the paper's last
step for all: overlap, among what the filter thinks possible.
"""

from typing import Annotated

import msgspec
import numpy as np

from reid_core.assignment import Flags, Floats, Rows
from reid_core.geometry import iou
from reid_core.options import PluginUse
from trackers import kalman
from trackers.appearance import BranchDescribes, Describe, Looks
from trackers.births import newcomers
from trackers.cascade import Cascade
from trackers.costs import overlap_cost
from trackers.follower import Follower, FollowOptions, Hits, Share, Sights
from trackers.lifecycle import TENTATIVE, Lifecycle


class DeepSort(Follower):
    class Options(FollowOptions, frozen=True):
        appearance: PluginUse | None = None  # a branch that describes each detection, such as {use: colour}
        new_score: Share = 0.6  # other detections are ignored
        confirm_hits: Hits = 3
        looks_gate: Share = 0.2  # distance (1 - cosine) at which a detection is somebody else
        gate: Share = 0.7  # cost (1 - overlap) likewise, for tracks seen in the frame before
        budget: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100  # looks remembered of each track
        possible: Annotated[float, msgspec.Meta(gt=0.0)] = 9.4877  # squared distance to the filter: 95 % of chi-square

    def __init__(self, options: Options, describe: Describe | None = None) -> None:
        """A description given here comes before that of the options."""
        if describe is None and options.appearance is not None:
            describe = BranchDescribes(options.appearance)
        life = Lifecycle(kalman.ASPECT_HEIGHT, options)
        super().__init__(options, life, None, describe, Looks(options.budget))
        self._options = options

    def _associate(self, cascade: Cascade, seen: Sights) -> Rows:
        wanted, tracks = self._options, self._life.tracks
        sure = seen.scores >= wanted.new_score
        known, missed = tracks["state"] != TENTATIVE, tracks["missed"]
        left = np.ones(len(tracks), np.bool_)
        if self._looks and seen.looks.any():
            cost = self._looks.distance(tracks["id"], seen.looks)
            self._forbid(cost, wanted.looks_gate, known, seen)
            for age in np.unique(missed[known]):
                cascade.stage(known & (missed == age), sure, cost, wanted.looks_gate)
            left = ~known | (missed == 0)
        cost = overlap_cost(iou(self._life.boxes(), seen.boxes))
        self._forbid(cost, wanted.gate, missed > 0, seen)
        cascade.stage(left, sure, cost, wanted.gate)
        return newcomers(seen.boxes, seen.scores, cascade.open_columns, wanted.new_score, wanted.doubled_overlap)

    def _forbid(self, cost: Floats, gate: float, among: Flags, seen: Sights) -> None:
        """Make infinite what lies farther off than the filter of these tracks thinks possible."""
        rows, columns = ((cost < gate) & among[:, None]).nonzero()
        far = self._life.distance(rows, seen.boxes[columns]) > self._options.possible
        cost[rows[far], columns[far]] = np.inf
