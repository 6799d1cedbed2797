"""Which detections that nobody claims begin a track."""

import numpy as np

from reid_core.assignment import Flags, Floats, Rows
from reid_core.geometry import Boxes, iou


def newcomers(boxes: Boxes, scores: Floats, unclaimed: Flags, new_score: float, doubled_overlap: float) -> Rows:
    """The sure ones of the unclaimed, but for those on a claimed box, or on a surer new one: one person found twice."""
    new = (unclaimed & (scores >= new_score)).nonzero()[0]
    if not new.size:
        return new
    rank = np.where(unclaimed, -np.inf, np.inf)
    rank[new] = scores[new]
    ahead = rank > rank[new, None]
    ahead |= (rank == rank[new, None]) & (np.arange(len(boxes)) < new[:, None])
    return np.asarray(new[~(ahead & (iou(boxes[new], boxes) >= doubled_overlap)).any(1)])
