"""How much one shot can say about a person: sharp, large, unhidden; each 0 to 1. Pure functions."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from reid_core.geometry import Boxes, intersections
from reid_core.records import Image

_SIZE = (64, 128)  # width and height in pixels at which all crops are compared
_HALF_SHARP = 0.1  # gradient energy over variance of a middling crop: the score there is one half
_FLAT = 4.0  # variance in squared grey levels that is mere noise
_EDGE = 2.0  # pixels from the border at which a box counts as cut off by it
_CUT_OFF = 0.5  # what is left of the visibility then: nobody knows how much is missing
_WORTH = 0.5  # share of the best shot's quality below which another shot only does harm


def sharpness(crop: Image) -> float:
    """Energy of the gradient over the contrast, at one size for all: a dark crop is no less sharp than a bright one."""
    grey = cv2.resize(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), _SIZE)
    across, down = grey[:, 1:], grey[1:]
    energy = cv2.norm(across, grey[:, :-1], cv2.NORM_L2SQR) / across.size
    energy += cv2.norm(down, grey[:-1], cv2.NORM_L2SQR) / down.size
    _, deviation = cv2.meanStdDev(grey)
    detail = energy / (deviation.item() ** 2 + _FLAT)
    return detail / (detail + _HALF_SHARP)


def size_score(height: float, full: float) -> float:
    """Of a person so many pixels high; from `full` on there is nothing to gain."""
    return min(1.0, height / full)


def visibility(boxes: Boxes, width: float, height: float) -> NDArray[np.float64]:
    """What can be seen of each person (N,), others and the border of the frame being in the way.

    Whoever stands lower in the picture is nearer, and hides the others.
    """
    left, top, right, bottom = boxes.T
    area = (right - left) * (bottom - top)
    nearer = bottom[None, :] > bottom[:, None]
    hidden = np.where(nearer, np.minimum(intersections(boxes, boxes) / area[:, None], 1.0), 0.0)
    across = np.minimum(right, width) - np.maximum(left, 0.0)
    down = np.minimum(bottom, height) - np.maximum(top, 0.0)
    inside = np.maximum(across, 0.0) * np.maximum(down, 0.0) / area
    cut_off = (left <= _EDGE) | (top <= _EDGE) | (right >= width - _EDGE) | (bottom >= height - _EDGE)
    return np.asarray((1.0 - hidden).prod(axis=1) * inside * np.where(cut_off, _CUT_OFF, 1.0))


def quality(sharp: float, size: float, visible: float) -> float:
    """All in one: what is hidden counts in full, a lack of detail by half."""
    return float(visible * np.sqrt(sharp * size))


def best_of(times: Sequence[float], qualities: Sequence[float], count: int) -> set[int]:
    """The places of the best few, spread over time: neighbours show the same once more."""
    span = times[-1] - times[0]
    enough = _WORTH * max(qualities)
    by_quality = sorted(range(len(times)), key=lambda place: -qualities[place])
    # first the best of each of `count` stretches of time, then whatever is left: a stretch may have nothing to show
    winners: dict[int, int] = {}
    for place in by_quality:
        winners.setdefault(int((times[place] - times[0]) / span * count) if span else 0, place)
    chosen: set[int] = set()
    for place in [*winners.values(), *by_quality]:
        apart = all(abs(times[place] - times[other]) >= span / (2 * count) for other in chosen)
        if apart and qualities[place] >= enough and len(chosen) < count:
            chosen.add(place)
    return chosen
