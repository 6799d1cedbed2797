"""Boxes, against loops that are too slow to be wrong."""

from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reid_core.errors import RecordInvalid
from reid_core.geometry import Box, areas, coverage, intersections, iou, stack

side = st.floats(0.5, 2000)
corner = st.floats(-1000, 4000)
boxes = st.builds(
    lambda left, top, width, height: Box(left, top, left + width, top + height), corner, corner, side, side
)
some = st.lists(boxes, max_size=6)


def slow_intersection(a: Box, b: Box) -> float:
    width = min(a.right, b.right) - max(a.left, b.left)
    height = min(a.bottom, b.bottom) - max(a.top, b.top)
    return width * height if width > 0 and height > 0 else 0.0


@given(some, some)
def test_pairs_agree_with_loops(first: list[Box], second: list[Box]) -> None:
    a, b = stack(first), stack(second)
    shared, over_union, covered = intersections(a, b), iou(a, b), coverage(a, b)
    assert shared.shape == over_union.shape == covered.shape == (len(first), len(second))
    for row, one in enumerate(first):
        for column, other in enumerate(second):
            expected = slow_intersection(one, other)
            assert shared[row, column] == pytest.approx(expected)
            assert over_union[row, column] == pytest.approx(expected / (one.area + other.area - expected))
            assert covered[row, column] == pytest.approx(expected / one.area)


@given(some)
def test_a_box_is_itself(some_boxes: list[Box]) -> None:
    rows = stack(some_boxes)
    assert np.diag(iou(rows, rows)) == pytest.approx(1.0)
    assert np.diag(coverage(rows, rows)) == pytest.approx(1.0)
    assert areas(rows) == pytest.approx([box.area for box in some_boxes])


def test_touching_boxes_share_nothing() -> None:
    """Half-open: the right edge of one is the left edge of the next."""
    assert iou(stack([Box(0, 0, 10, 10)]), stack([Box(10, 0, 20, 10)])) == 0.0


def test_boxes_without_an_area_share_nothing() -> None:
    """Raw outputs of a network hold such boxes; a NaN would win every comparison."""
    flat = np.array([[5.0, 5.0, 5.0, 5.0]])
    with np.errstate(all="raise"):
        assert iou(flat, flat) == 0.0
        assert coverage(flat, flat) == 0.0


def test_a_box_knows_its_sides() -> None:
    box = Box(1, 2, 4, 8)
    assert (box.width, box.height, box.area) == (3, 6, 18)


@pytest.mark.parametrize(
    "sides",
    [
        (5, 0, 5, 10),
        (0, 5, 10, 5),
        (6, 0, 5, 10),
        (nan, 0, 5, 10),
        (0, 0, 5, nan),
        (0, 0, inf, 10),
        (-inf, 0, 5, 10),
        (-1e308, 0, 1e308, 10),
    ],
)
def test_a_box_that_cannot_be_is_refused(sides: tuple[float, float, float, float]) -> None:
    with pytest.raises(RecordInvalid, match="expected finite numbers with left < right and top < bottom"):
        Box(*sides)


@given(boxes, st.integers(1, 4000), st.integers(1, 4000))
def test_clipped_is_the_shared_part_with_the_picture(box: Box, width: int, height: int) -> None:
    picture = Box(0, 0, width, height)
    part = box.clipped(width, height)
    assert (part.area if part else 0.0) == pytest.approx(slow_intersection(box, picture))
    if part:
        assert part.left >= 0
        assert part.top >= 0
        assert part.right <= width
        assert part.bottom <= height
        assert part.clipped(width, height) == part


def test_stack_of_nothing_keeps_its_columns() -> None:
    assert stack([]).shape == (0, 4)
    assert stack([Box(1, 2, 3, 4)]).tolist() == [[1, 2, 3, 4]]
