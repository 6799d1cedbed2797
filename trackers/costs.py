"""What it costs to pair a track with a detection: (tracks, detections), down is better."""

import numpy as np
from numpy.typing import NDArray

from reid_core.geometry import Boxes

Floats = NDArray[np.float64]


def overlap_cost(overlap: Floats) -> Floats:
    """Of intersection over union, 0 to 1."""
    return 1.0 - overlap


def fused_cost(overlap: Floats, scores: Floats) -> Floats:
    """Overlap weighed with the detections' scores, as ByteTrack does: of two equal overlaps the surer one is nearer."""
    return 1.0 - overlap * scores


# Of pairs, row by row: (N, 4) and (N, 4). Of all tracks with all detections, most need no second look.


def height_overlap(a: Boxes, b: Boxes) -> Floats:
    """Intersection over union of what the boxes span from top to bottom: who stands elsewhere is nearer or farther."""
    shared = np.minimum(a[:, 3], b[:, 3]) - np.maximum(a[:, 1], b[:, 1])
    both = np.maximum(a[:, 3], b[:, 3]) - np.minimum(a[:, 1], b[:, 1])
    return np.asarray(np.maximum(shared, 0.0) / both)


def shape_likeness(a: Boxes, b: Boxes) -> Floats:
    """1 for the same width and height, towards 0 the more they differ."""
    mine, theirs = (boxes[:, 2:] - boxes[:, :2] for boxes in (a, b))
    return np.asarray(np.exp(-(np.abs(mine - theirs) / np.maximum(mine, theirs)).sum(1)))
