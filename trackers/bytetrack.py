"""ByteTrack (Zhang et al., ECCV 2022): detections of low score are not thrown away, they continue known tracks.

Sure detections are matched first, to all that is known; weak ones then to what was seen a moment ago and still lacks
a match, as somebody half hidden is; sure ones that nobody claims begin a new track.
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec
import numpy as np

from reid_core import options
from reid_core.geometry import iou
from reid_core.records import Detection, Frame, Track
from trackers import kalman
from trackers.assignment import Cascade, Flags, Floats, Pairs, Rows
from trackers.costs import fused_cost, overlap_cost
from trackers.lifecycle import CONFIRMED, TENTATIVE, Lifecycle, observed

_Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


class ByteTrack:
    class Options(options.Options, frozen=True):
        high_score: _Share = 0.6  # detections from here on are matched first
        low_score: _Share = 0.1  # those below are ignored
        new_score: _Share = 0.7  # what begins a track
        high_gate: _Share = 0.9  # cost (1 - overlap x score) at which a sure detection is somebody else
        low_gate: _Share = 0.5  # cost (1 - overlap) likewise, for detections of low score
        tentative_gate: _Share = 0.7  # cost (1 - overlap x score) likewise, for tracks seen too few times
        doubled_overlap: _Share = 0.7  # a new track must not cover a box that is taken by so much
        confirm_hits: Annotated[int, msgspec.Meta(ge=1)] = 2  # frames in a row until a track is believed
        lost_seconds: Annotated[float, msgspec.Meta(gt=0.0)] = 1.0  # how long a track is remembered unseen
        report_lost: bool = False  # also give the tracks that are not seen, where they should be

        def __post_init__(self) -> None:
            if not self.low_score <= self.high_score <= self.new_score:
                raise ValueError(
                    f"expected low_score ({self.low_score:g}), high_score ({self.high_score:g}) and "
                    f"new_score ({self.new_score:g}) in rising order"
                )

    def __init__(self, options: Options) -> None:
        self._options = options
        self._life = Lifecycle(options.confirm_hits, options.lost_seconds)

    def update(self, frame: Frame, detections: Sequence[Detection]) -> list[Track]:
        boxes, scores = observed(frame, detections)
        self._life.advance(frame)
        pairs, new = self._associate(boxes, scores)
        self._life.settle(pairs, new, boxes, scores)
        return self._life.report(frame.camera, detections, lost=self._options.report_lost)

    def _associate(self, boxes: Floats, scores: Floats) -> tuple[Pairs, Rows]:
        """Which track is seen as which detection, and which detections begin a track."""
        wanted = self._options
        state = self._life.tracks["state"]
        known, believed, tentative = state != TENTATIVE, state == CONFIRMED, state == TENTATIVE
        sure = scores >= wanted.high_score
        weak = ~sure & (scores >= wanted.low_score)
        overlap = iou(kalman.boxes_of(self._life.tracks["motion"]), boxes)
        fused = fused_cost(overlap, scores)
        cascade = Cascade(len(state), len(boxes))
        cascade.stage(known, sure, fused, wanted.high_gate)
        cascade.stage(believed, weak, overlap_cost(overlap), wanted.low_gate)
        cascade.stage(tentative, sure, fused, wanted.tentative_gate)
        new = (cascade.open_columns & (scores >= wanted.new_score)).nonzero()[0]
        if len(new):
            new = new[~self._doubled(boxes, scores, new, ~cascade.open_columns)]
        return cascade.pairs(), new

    def _doubled(self, boxes: Floats, scores: Floats, new: Rows, taken: Flags) -> Flags:
        """Which of the new boxes lie on one that is taken already, or on a surer new one: one person found twice."""
        rank = np.where(taken, np.inf, -np.inf)
        rank[new] = scores[new]
        ahead = rank > rank[new, None]
        ahead |= (rank == rank[new, None]) & (np.arange(len(boxes)) < new[:, None])
        return np.asarray((ahead & (iou(boxes[new], boxes) >= self._options.doubled_overlap)).any(1))
