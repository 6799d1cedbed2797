"""What it costs to pair a track with a detection: (tracks, detections), down is better."""

import numpy as np
from numpy.typing import NDArray

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
