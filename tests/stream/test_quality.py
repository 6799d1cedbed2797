"""What counts as a good shot."""

from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from reid_core.geometry import Box, stack
from reid_core.records import Image
from stream.pipeline.quality import best_of, quality, sharpness, size_score, visibility


def pattern(height: int = 200, width: int = 80, seed: int = 0) -> Image:
    """Patches of colour with hard borders."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (height // 10, width // 10, 3), dtype=np.uint8)
    return np.ascontiguousarray(coarse.repeat(10, axis=0).repeat(10, axis=1))


def blurred(image: Image, sigma: float) -> Image:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), dtype=np.uint8)


def test_the_more_blurred_the_less_sharp() -> None:
    found = [sharpness(pattern()), *(sharpness(blurred(pattern(), sigma)) for sigma in (2, 4, 8))]
    assert found == sorted(found, reverse=True)
    assert found[0] > 0.6
    assert found[-1] < 0.35


def test_neither_darkness_nor_size_is_blur() -> None:
    bright = sharpness(pattern())
    assert sharpness((pattern() // 4).astype(np.uint8)) == pytest.approx(bright, abs=0.15)
    large = np.ascontiguousarray(pattern().repeat(3, axis=0).repeat(3, axis=1))
    assert sharpness(large) == pytest.approx(bright, abs=0.15)


@given(arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3))))
def test_any_crop_has_a_sharpness_from_nought_to_one(crop: Image) -> None:
    assert 0.0 <= sharpness(crop) <= 1.0


def test_a_plain_wall_has_none() -> None:
    assert sharpness(np.full((100, 50, 3), 130, np.uint8)) == 0.0


def test_size_counts_up_to_what_is_enough() -> None:
    assert [size_score(height, 256) for height in (64, 256, 900)] == [0.25, 1.0, 1.0]


def test_the_nearer_one_hides_the_farther_one() -> None:
    far, near = Box(100, 100, 140, 200), Box(120, 110, 170, 240)
    seen = visibility(stack([far, near]), 640, 480)
    assert seen[0] == pytest.approx(1 - 20 * 90 / 4000)
    assert seen[1] == 1.0


def test_two_who_hide_one_hide_more() -> None:
    boxes = stack([Box(100, 100, 140, 200), Box(90, 100, 120, 240), Box(120, 100, 160, 250)])
    assert visibility(boxes, 640, 480)[0] == pytest.approx(0.25)


@pytest.mark.parametrize(
    "box", [Box(0, 100, 40, 200), Box(600, 100, 640, 200), Box(100, 0, 140, 100), Box(100, 380, 140, 480)]
)
def test_whoever_touches_the_border_may_be_cut_off(box: Box) -> None:
    assert visibility(stack([box]), 640, 480).tolist() == [0.5]


def test_what_lies_outside_is_not_seen() -> None:
    seen = visibility(stack([Box(-30, 100, 10, 200), Box(-90, 100, -50, 200)]), 640, 480)
    assert seen.tolist() == [0.125, 0.0]


def test_nobody_has_no_visibility() -> None:
    assert visibility(stack([]), 640, 480).shape == (0,)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_quality_is_from_nought_to_one(sharp: float, size: float, visible: float) -> None:
    assert 0.0 <= quality(sharp, size, visible) <= 1.0


def test_the_best_are_spread_over_time() -> None:
    times = [i * 0.08 for i in range(50)]
    qualities = [1.0 if 10 <= i < 20 else 0.9 for i in range(50)]
    best = sorted(best_of(times, qualities, 8))
    assert len(best) == 8
    assert min(b - a for a, b in pairwise(best)) >= 3
    assert best[0] < 10
    assert best[-1] > 40


def test_a_bad_shot_is_not_taken_to_fill_up() -> None:
    times = [i * 0.1 for i in range(20)]
    qualities = [0.8 if i < 5 else 0.1 for i in range(20)]
    assert max(best_of(times, qualities, 8)) < 5


@given(
    st.lists(st.tuples(st.floats(0, 100), st.floats(0, 1)), min_size=1, max_size=60, unique_by=lambda each: each[0]),
    st.integers(1, 20),
)
def test_the_best_one_is_always_among_the_few(shots: list[tuple[float, float]], count: int) -> None:
    shots.sort()
    times, qualities = [time for time, _ in shots], [worth for _, worth in shots]
    best = best_of(times, qualities, count)
    assert 1 <= len(best) <= count
    assert qualities.index(max(qualities)) in best
