"""Letterbox and suppression: the arithmetic between a frame and a network."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.detectors.letterbox import GREY, Letterbox
from plugins.detectors.suppression import suppress
from reid_core.geometry import iou

sides = st.integers(1, 2000)


@given(sides, sides, st.booleans(), st.tuples(*[st.floats(0, 1)] * 4))
def test_letterbox_there_and_back(width: int, height: int, centred: bool, part: tuple[float, ...]) -> None:
    box = Letterbox((width, height), (416, 320), centred)
    inside = np.array([part]) * [416, 320, 416, 320]
    restored = box.restore(inside)
    # forward by the definition: the scale that fits, then the corner
    scale = np.array(box.inner * 2) / (width, height, width, height)
    assert np.allclose(restored * scale + (*box.corner, *box.corner), inside, atol=1e-6)
    assert box.corner[0] + box.inner[0] <= 416
    assert box.corner[1] + box.inner[1] <= 320
    assert box.inner[0] == 416 or box.inner[1] == 320


@pytest.mark.parametrize("centred", [False, True])
@pytest.mark.parametrize("size", [(320, 180), (180, 320), (641, 479), (100, 100), (417, 313)])
def test_what_is_painted_comes_back_where_it_was(size: tuple[int, int], centred: bool) -> None:
    width, height = size
    left, top, right, bottom = int(width * 0.2), int(height * 0.3), int(width * 0.5), int(height * 0.9)
    picture = np.zeros((height, width, 3), dtype=np.uint8)
    picture[top:bottom, left:right] = 255
    box = Letterbox(size, (416, 320), centred)
    seen = box.apply(picture)[..., 0] > 128
    columns, rows = np.flatnonzero(seen.any(axis=0)), np.flatnonzero(seen.any(axis=1))
    found = box.restore(np.array([[columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]], dtype=np.float64))
    tolerance = 0.51 * max(width / box.inner[0], height / box.inner[1], 1.0)  # half a pixel, of the coarser of the two
    assert np.abs(found - (left, top, right, bottom)).max() <= tolerance


def test_padding_is_grey_and_where_the_family_wants_it() -> None:
    white = np.full((50, 100, 3), 255, dtype=np.uint8)
    corner = Letterbox((100, 50), (64, 64), centred=False).apply(white)
    assert (corner[:32] == 255).all()
    assert (corner[32:] == GREY).all()
    centre = Letterbox((100, 50), (64, 64), centred=True).apply(white)
    assert (centre[16:48] == 255).all()
    assert (centre[:16] == GREY).all()
    assert (centre[48:] == GREY).all()


def test_the_best_of_those_that_overlap_stays() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [20, 0, 30, 10], [0, 0, 10, 5]], dtype=np.float64)
    assert suppress(boxes, np.array([0.5, 0.9, 0.3, 0.1]), 0.5).tolist() == [1, 2, 3]
    assert suppress(boxes, np.array([0.5, 0.9, 0.3, 0.1]), 0.4).tolist() == [1, 2]
    assert suppress(np.empty((0, 4)), np.empty(0), 0.5).tolist() == []


@given(st.lists(st.tuples(*[st.integers(0, 20)] * 2, *[st.integers(1, 20)] * 2, st.floats(0, 1)), max_size=30))
def test_suppression_leaves_no_two_that_overlap_and_drops_none_without_cause(rows: list[tuple[float, ...]]) -> None:
    boxes = np.array([(x, y, x + w, y + h) for x, y, w, h, _ in rows], dtype=np.float64).reshape(-1, 4)
    scores = np.array([row[4] for row in rows])
    kept = suppress(boxes, scores, 0.5)
    overlaps = iou(boxes[kept], boxes[kept])
    assert (overlaps[~np.eye(len(kept), dtype=bool)] <= 0.5).all()
    assert (np.diff(scores[kept]) <= 0).all()
    for dropped in set(range(len(rows))) - set(kept.tolist()):
        better = kept[scores[kept] >= scores[dropped]]
        assert (iou(boxes[dropped : dropped + 1], boxes[better]) > 0.5).any()
