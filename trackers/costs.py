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
