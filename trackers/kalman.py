"""A constant-velocity Kalman filter over all tracks at once: one array, no loop over tracks.

The noise of the papers is independent along the four axes of a box (centre x, centre y, aspect, height), so their
8x8 covariance is four 2x2 blocks, and a filter is five numbers an axis. Time is in seconds.
"""

import numpy as np
from numpy.typing import NDArray

from reid_core.geometry import Boxes

Floats = NDArray[np.float64]
Motion = Floats  # (N, 5, 4): the five rows named below, of each axis; its covariance is [[PP, PV], [PV, VV]]
POSITION, VELOCITY, PP, PV, VV = range(5)
ASPECT, HEIGHT = 2, 3  # two of the axes

# The standard deviations of SORT and ByteTrack are per frame, at 30 a second: a share of the height, but for the
# aspect, which has its own. As variances: (relative or absolute, 4 axes).
_RATE = 30.0
_POSITION = np.array([[1 / 20, 1 / 20, 0, 1 / 20], [0, 0, 1e-2, 0]]) ** 2
_VELOCITY = np.array([[1 / 160, 1 / 160, 0, 1 / 160], [0, 0, 1e-5, 0]]) ** 2 * _RATE**2
_MEASURED = np.array([[1 / 20, 1 / 20, 0, 1 / 20], [0, 0, 1e-1, 0]]) ** 2
_PROCESS = np.stack((_POSITION, _VELOCITY), axis=1) * _RATE  # (relative or absolute, position or velocity, 4)

_SMALLEST = 1.0  # pixels: no box is thinner, so that areas stay above zero


def started(boxes: Boxes) -> Motion:
    """Tracks that stand still, as uncertain as a first sight is."""
    motion = np.zeros((len(boxes), 5, 4))
    motion[:, POSITION] = measured(boxes)
    square = _square_height(motion)
    motion[:, PP] = 4 * (square * _POSITION[0] + _POSITION[1])
    motion[:, VV] = 100 * (square * _VELOCITY[0] + _VELOCITY[1])
    return motion


def predicted(motion: Motion, seconds: float) -> Motion:
    """Where the tracks are after this time: in one step or in many, the noise that gathers is the same."""
    s = seconds
    carry = np.array([[1, s, 0, 0, 0], [0, 1, 0, 0, 0], [0, 0, 1, 2 * s, s * s], [0, 0, 0, 1, s], [0, 0, 0, 0, 1]])
    gather = np.array([[0, 0], [0, 0], [s, s**3 / 3], [0, s * s / 2], [0, s]])
    relative, absolute = gather @ _PROCESS
    return np.asarray(carry @ motion + (_square_height(motion)[:, None] * relative + absolute))


def corrected(motion: Motion, boxes: Boxes) -> Motion:
    """Each track drawn towards the box it was seen as: (N, 5, 4) and (N, 4)."""
    noise = _square_height(motion) * _MEASURED[0] + _MEASURED[1]
    spread = motion[:, PP] + noise
    gain = motion[:, PP:VV] / spread[:, None]  # (N, 2, 4): of position and velocity
    after = np.empty_like(motion)
    after[:, :PP] = motion[:, :PP] + gain * (measured(boxes) - motion[:, POSITION])[:, None]
    after[:, PP:VV] = gain * noise[:, None]
    after[:, VV] = motion[:, VV] - gain[:, 1] * motion[:, PV]
    return after


def measured(boxes: Boxes) -> Floats:
    """Centre x, centre y, aspect (width over height), height: (N, 4)."""
    out = np.empty_like(boxes)
    size = np.maximum(boxes[:, 2:] - boxes[:, :2], _SMALLEST)
    out[:, :2] = (boxes[:, :2] + boxes[:, 2:]) / 2
    out[:, ASPECT] = size[:, 0] / size[:, 1]
    out[:, HEIGHT] = size[:, 1]
    return out


def boxes_of(motion: Motion) -> Boxes:
    """Left, top, right, bottom of where the tracks are: (N, 4)."""
    position = motion[:, POSITION]
    half = position[:, ASPECT:] / 2
    half[:, 0] *= position[:, HEIGHT]
    np.maximum(half, _SMALLEST / 2, out=half)
    boxes = np.empty_like(position)
    np.subtract(position[:, :2], half, out=boxes[:, :2])
    np.add(position[:, :2], half, out=boxes[:, 2:])
    return boxes


def _square_height(motion: Motion) -> Floats:
    """(N, 1), of the height that scales the noise."""
    return np.maximum(motion[:, POSITION, HEIGHT, None], _SMALLEST) ** 2
