"""A constant-velocity Kalman filter over all tracks at once: one array, no loop over tracks.

The noise of the papers is independent along the four axes of a box (centre x, centre y and two of its size), so their
8x8 covariance is four 2x2 blocks, and a filter is five numbers an axis. Time is in seconds.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reid_core.geometry import Boxes

Floats = NDArray[np.float64]
Motion = Floats  # (N, 5, 4): the five rows named below, of each axis; its covariance is [[PP, PV], [PV, VV]]
Affine = Floats  # (2, 3): a point of the frame before to where it is now
POSITION, VELOCITY, PP, PV, VV = range(5)
SIZE = 2  # the first of the two axes of size

_RATE = 30.0  # the papers' noise is per frame, at 30 a second
_SMALLEST = 1.0  # pixels: no box is thinner, so that areas stay above zero


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """What a paper follows of a box, and how noisy it thinks that is. Variances: a share of a squared side, or fixed.

    Each is (2, 4): the part that grows with the side, and the part that does not, of each axis.
    """

    size: Callable[[Floats], Floats]  # width and height (N, 2) -> the two axes of size
    sides: Callable[[Floats], Floats]  # and back
    powers: tuple[int, int]  # how these two axes grow with the picture: 0 not, 1 as a length, 2 as an area
    scale: tuple[int, int, int, int]  # the axis whose square scales the noise of each axis
    first_position: Floats
    first_velocity: Floats  # per second, as the next
    velocity: Floats  # that gathers in a second
    position: Floats
    measured: Floats


def started(model: Model, boxes: Boxes) -> Motion:
    """Tracks that stand still, as uncertain as a first sight is."""
    motion = np.zeros((len(boxes), 5, 4))
    motion[:, POSITION] = measured(model, boxes)
    square = _square(model, motion)
    motion[:, PP] = square * model.first_position[0] + model.first_position[1]
    motion[:, VV] = square * model.first_velocity[0] + model.first_velocity[1]
    return motion


def predicted(model: Model, motion: Motion, seconds: float) -> Motion:
    """Where the tracks are after this time: in one step or in many, the noise that gathers is the same."""
    s = seconds
    carry = np.array([[1, s, 0, 0, 0], [0, 1, 0, 0, 0], [0, 0, 1, 2 * s, s * s], [0, 0, 0, 1, s], [0, 0, 0, 0, 1]])
    gather = np.array([[0, 0], [0, 0], [s, s**3 / 3], [0, s * s / 2], [0, s]])
    relative, fixed = (gather @ np.stack((model.position[part], model.velocity[part])) for part in (0, 1))
    return np.asarray(carry @ motion + (_square(model, motion)[:, None] * relative + fixed))


def corrected(model: Model, motion: Motion, boxes: Boxes) -> Motion:
    """Each track drawn towards the box it was seen as: (N, 5, 4) and (N, 4)."""
    noise = _square(model, motion) * model.measured[0] + model.measured[1]
    spread = motion[:, PP] + noise
    gain = motion[:, PP:VV] / spread[:, None]  # (N, 2, 4): of position and velocity
    after = np.empty_like(motion)
    after[:, :PP] = motion[:, :PP] + gain * (measured(model, boxes) - motion[:, POSITION])[:, None]
    after[:, PP:VV] = gain * noise[:, None]
    after[:, VV] = motion[:, VV] - gain[:, 1] * motion[:, PV]
    return after


def moved(model: Model, motion: Motion, affine: Affine) -> Motion:
    """Carried along with a picture that moved. Of the covariance, what x and y would share is left out."""
    turn = affine[:, :2]
    grown = np.sqrt(abs(np.linalg.det(turn))) ** np.array(model.powers)
    after = motion.copy()
    after[:, :PP, :SIZE] = motion[:, :PP, :SIZE] @ turn.T
    after[:, POSITION, :SIZE] += affine[:, 2]
    after[:, PP:, :SIZE] = motion[:, PP:, :SIZE] @ (turn * turn).T
    after[:, :PP, SIZE:] *= grown
    after[:, PP:, SIZE:] *= grown * grown
    return after


def measured(model: Model, boxes: Boxes) -> Floats:
    """The four axes of each box: (N, 4)."""
    out = np.empty_like(boxes)
    out[:, :2] = (boxes[:, :2] + boxes[:, 2:]) / 2
    out[:, SIZE:] = model.size(np.maximum(boxes[:, 2:] - boxes[:, :2], _SMALLEST))
    return out


def distance(model: Model, motion: Motion, boxes: Boxes) -> Floats:
    """Squared, in standard deviations, from each track to the box beside it, as if it were seen as that: (N,)."""
    spread = motion[:, PP] + _square(model, motion) * model.measured[0] + model.measured[1]
    apart = measured(model, boxes) - motion[:, POSITION]
    return np.asarray((apart * apart / spread).sum(1))


def boxes_of(model: Model, motion: Motion) -> Boxes:
    """Left, top, right, bottom of where the tracks are: (N, 4)."""
    position = motion[:, POSITION]
    half = np.maximum(model.sides(position[:, SIZE:]), _SMALLEST) / 2
    boxes = np.empty_like(position)
    np.subtract(position[:, :2], half, out=boxes[:, :2])
    np.add(position[:, :2], half, out=boxes[:, 2:])
    return boxes


def _square(model: Model, motion: Motion) -> Floats:
    """(N, 4) of the sides that scale the noise of the axes; (N, 1) where one scales all."""
    if len(set(model.scale)) == 1:
        sides = motion[:, POSITION, model.scale[0], None]
    else:
        sides = motion[:, POSITION][:, model.scale]
    return np.maximum(sides, _SMALLEST) ** 2


def _to_aspect_and_height(sides: Floats) -> Floats:
    out = sides.copy()
    out[:, 0] /= sides[:, 1]
    return out


def _of_aspect_and_height(size: Floats) -> Floats:
    out = size.copy()
    out[:, 0] *= size[:, 1]
    return out


def _same(sides: Floats) -> Floats:
    return sides


def _to_area_and_aspect(sides: Floats) -> Floats:
    width, height = sides.T
    return np.stack((width * height, width / height), axis=1)


def _of_area_and_aspect(size: Floats) -> Floats:
    area, aspect = np.maximum(size, [[_SMALLEST, 1e-6]]).T
    width = np.sqrt(area * aspect)
    return np.stack((width, area / width), axis=1)


def _variances(growing: list[float], fixed: list[float]) -> Floats:
    return np.array([growing, fixed]) ** 2


# DeepSORT's and ByteTrack's
ASPECT_HEIGHT = Model(
    size=_to_aspect_and_height,
    sides=_of_aspect_and_height,
    powers=(0, 1),
    scale=(3, 3, 3, 3),
    first_position=_variances([1 / 10, 1 / 10, 0, 1 / 10], [0, 0, 2e-2, 0]),
    first_velocity=_variances([1 / 16, 1 / 16, 0, 1 / 16], [0, 0, 1e-4, 0]) * _RATE**2,
    position=_variances([1 / 20, 1 / 20, 0, 1 / 20], [0, 0, 1e-2, 0]) * _RATE,
    velocity=_variances([1 / 160, 1 / 160, 0, 1 / 160], [0, 0, 1e-5, 0]) * _RATE**3,
    measured=_variances([1 / 20, 1 / 20, 0, 1 / 20], [0, 0, 1e-1, 0]),
)
# BoT-SORT's: the width for itself, and each axis as noisy as the side along it
WIDTH_HEIGHT = Model(
    size=_same,
    sides=_same,
    powers=(1, 1),
    scale=(2, 3, 2, 3),
    first_position=_variances([1 / 10] * 4, [0] * 4),
    first_velocity=_variances([1 / 16] * 4, [0] * 4) * _RATE**2,
    position=_variances([1 / 20] * 4, [0] * 4) * _RATE,
    velocity=_variances([1 / 160] * 4, [0] * 4) * _RATE**3,
    measured=_variances([1 / 20] * 4, [0] * 4),
)
# SORT's and OC-SORT's: pixels whatever the size, and an aspect that does not change
AREA_ASPECT = Model(
    size=_to_area_and_aspect,
    sides=_of_area_and_aspect,
    powers=(2, 0),
    scale=(3, 3, 3, 3),
    first_position=np.array([[0.0] * 4, [10, 10, 10, 10]]),
    first_velocity=np.array([[0.0] * 4, [1e4, 1e4, 1e4, 0]]) * _RATE**2,
    position=np.array([[0.0] * 4, [1, 1, 1, 1]]) * _RATE,
    velocity=np.array([[0.0] * 4, [1e-2, 1e-2, 1e-4, 0]]) * _RATE**3,
    measured=np.array([[0.0] * 4, [1, 1, 10, 10]]),
)
# restride's: width and height stay as they are but for a slow drift, so that nobody grows or shrinks while unseen
STEADY_SIZE = Model(
    size=_same,
    sides=_same,
    powers=(1, 1),
    scale=(3, 3, 3, 3),
    first_position=_variances([3 / 20] * 4, [0] * 4),
    first_velocity=_variances([1 / 16, 1 / 16, 0, 0], [0] * 4) * _RATE**2,
    position=_variances([1 / 20] * 4, [0] * 4) * _RATE,
    velocity=_variances([1 / 400, 1 / 400, 0, 0], [0] * 4) * _RATE**3,
    measured=_variances([1 / 20, 1 / 20, 1 / 4, 1 / 4], [0] * 4),
)
