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


def with_momentum(cost: Floats, gate: float, turned: Floats, weight: float) -> tuple[Floats, float]:
    """A cost that also asks how far the track must turn, 0 to 1, and its gate.

    Who is beyond the gate stays so: a fitting direction makes nobody nearer, it chooses among the near.
    """
    return np.where(cost < gate, cost + weight * turned, np.inf), gate + weight


def height_overlap(a: Boxes, b: Boxes) -> Floats:
    """Intersection over union of what the boxes span from top to bottom: who stands elsewhere is nearer or farther."""
    shared = np.minimum(a[:, None, 3], b[:, 3]) - np.maximum(a[:, None, 1], b[:, 1])
    both = np.maximum(a[:, None, 3], b[:, 3]) - np.minimum(a[:, None, 1], b[:, 1])
    return np.asarray(np.maximum(shared, 0.0) / both)


def shape_likeness(a: Boxes, b: Boxes) -> Floats:
    """1 for the same width and height, towards 0 the more they differ."""
    mine, theirs = (boxes[:, 2:] - boxes[:, :2] for boxes in (a, b))
    differ = np.abs(mine[:, None] - theirs) / np.maximum(mine[:, None], theirs)
    return np.asarray(np.exp(-differ.sum(2)))


def centre_distance(a: Boxes, b: Boxes) -> Floats:
    """Between the middles, in heights of a."""
    apart = (a[:, None, :2] + a[:, None, 2:] - b[:, :2] - b[:, 2:]) / 2
    return np.asarray(np.sqrt((apart * apart).sum(2)) / (a[:, 3] - a[:, 1])[:, None])
