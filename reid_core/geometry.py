"""Boxes: left, top, right, bottom in pixels of their frame; half-open, so right - left is the width."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from reid_core.errors import RecordInvalid

Boxes = NDArray[np.float64]  # (N, 4) left, top, right, bottom


@dataclass(frozen=True, slots=True)
class Box:
    left: float
    top: float
    right: float
    bottom: float

    def __post_init__(self) -> None:
        # `not (a < b)` also refuses NaN; the width of two finite floats may still overflow
        if not (self.left < self.right and self.top < self.bottom and isfinite(self.width + self.height)):
            raise RecordInvalid(
                f"box ({self.left}, {self.top}, {self.right}, {self.bottom}): "
                "expected finite numbers with left < right and top < bottom"
            )

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def area(self) -> float:
        return self.width * self.height

    def clipped(self, width: float, height: float) -> "Box | None":
        """The part inside a picture of this size; None where nothing is."""
        left, top = max(self.left, 0.0), max(self.top, 0.0)
        right, bottom = min(self.right, width), min(self.bottom, height)
        return Box(left, top, right, bottom) if left < right and top < bottom else None


def stack(boxes: Iterable[Box]) -> Boxes:
    """Boxes as one array, for work on many at once."""
    rows = [(box.left, box.top, box.right, box.bottom) for box in boxes]
    return np.array(rows, dtype=np.float64).reshape(-1, 4)


def areas(boxes: Boxes) -> NDArray[np.float64]:
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def intersections(a: Boxes, b: Boxes) -> NDArray[np.float64]:
    """Area that each of a (N, 4) shares with each of b (M, 4): (N, M)."""
    across = np.minimum(a[:, None, 2], b[:, 2]) - np.maximum(a[:, None, 0], b[:, 0])
    down = np.minimum(a[:, None, 3], b[:, 3]) - np.maximum(a[:, None, 1], b[:, 1])
    return np.asarray(np.maximum(across, 0.0) * np.maximum(down, 0.0))


def iou(a: Boxes, b: Boxes) -> NDArray[np.float64]:
    """Intersection over union of each of a (N, 4) with each of b (M, 4): (N, M)."""
    shared = intersections(a, b)
    return _ratio(shared, areas(a)[:, None] + areas(b)[None, :] - shared)


def coverage(a: Boxes, b: Boxes) -> NDArray[np.float64]:
    """How much of each of a (N, 4) lies under each of b (M, 4), 0 to 1: (N, M)."""
    return _ratio(intersections(a, b), areas(a)[:, None])


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    """0 where there is nothing to share: networks also give boxes without an area."""
    return np.asarray(part / np.maximum(whole, np.finfo(np.float64).tiny))
