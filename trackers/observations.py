"""What OC-SORT takes from the boxes that were seen, rather than from the filter: a direction, and a path over a gap."""

import numpy as np
from numpy.typing import NDArray

from reid_core.geometry import Boxes
from trackers import kalman

Floats = NDArray[np.float64]
Tracks = NDArray[np.void]

TRAIL = 4  # places remembered of a track


def directions(tracks: Tracks, seconds: float) -> tuple[Floats, Floats]:
    """Whence each track comes, and its direction from there to where it was seen last: (N, 2), (N, 2).

    The place is that of `seconds` before the last sight, or the one before if that is older. A track seen once has
    the direction 0.
    """
    trail = tracks["trail"]
    age = trail[:, :1, 2] - trail[:, :, 2]
    # a hundredth of slack: capture times are not exact
    near = np.maximum((age <= seconds * 1.01).sum(1) - 1, 1)
    near = np.minimum(near, np.isfinite(trail[:, :, 2]).sum(1) - 1)
    whence = trail[np.arange(len(trail)), near, :2]
    return whence, _unit(trail[:, 0, :2] - whence)


def turn(tracks: Tracks, boxes: Boxes, seconds: float) -> Floats:
    """How far each track must turn to be the box beside it, 0 to 1 (back); 1/2 where it has no direction: (N,)."""
    whence, direction = directions(tracks, seconds)
    towards = _unit((boxes[:, :2] + boxes[:, 2:]) / 2 - whence)
    return np.asarray(np.arccos(np.clip((towards * direction).sum(1), -1.0, 1.0)) / np.pi)


def reupdated(model: kalman.Model, tracks: Tracks, boxes: Boxes, time: float) -> kalman.Motion:
    """Motion as if each track had been seen, all the while that it was not, on a straight path to its new box."""
    motion = tracks["sight"].copy()
    steps = tracks["missed"] + 1
    each = (time - tracks["seen"]) / steps
    path = (boxes - tracks["box"]) / steps[:, None]
    for step in range(1, int(steps.max()) + 1):
        going = (step <= steps).nonzero()[0]
        # all gaps are of the same frames, so the steps differ little: one step for all
        motion[going] = kalman.predicted(model, motion[going], float(each[going].mean()))
        short = going[step < steps[going]]
        motion[short] = kalman.corrected(model, motion[short], tracks["box"][short] + step * path[short])
    return motion


def warped_boxes(boxes: Boxes, affine: kalman.Affine) -> Boxes:
    """Boxes of the frame before, where the picture has moved to; they stay upright."""
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2 @ affine[:, :2].T + affine[:, 2]
    half = (boxes[:, 2:] - boxes[:, :2]) / 2 * np.sqrt(abs(np.linalg.det(affine[:, :2])))
    return np.concatenate((centre - half, centre + half), axis=1)


def warped_trail(trail: Floats, affine: kalman.Affine) -> Floats:
    out = trail.copy()
    known = np.isfinite(trail[:, :, 2])
    out[known, :2] = trail[known, :2] @ affine[:, :2].T + affine[:, 2]
    return out


def _unit(vectors: Floats) -> Floats:
    """Of length one; 0 where there is none to speak of."""
    length = np.sqrt((vectors * vectors).sum(-1, keepdims=True))
    return np.asarray(vectors / np.maximum(length, 1e-6))
