"""Which shots are looked at, and how much each counts."""

from dataclasses import replace

import numpy as np
import pytest

from plugins.branches.shots import best_shots, embedding, quality_weights, unit, usable_shots
from reid_core.records import FUSED, Cue, ModelId
from tests.fakes.tracklets import person, tracklet

RED, DARK = (190, 40, 40), (40, 40, 46)


def crops(count: int) -> list[np.ndarray]:
    return [person(RED, DARK, height=60, seed=i) for i in range(count)]


def test_the_marked_ones_are_taken_in_order_of_time() -> None:
    each = tracklet(crops(6), best=[4, 1, 2])
    assert [each.shots.index(shot) for shot in best_shots(each, 5)] == [1, 2, 4]


def test_of_too_many_the_highest_in_quality_are_taken() -> None:
    each = tracklet(crops(6), best=[0, 1, 4])  # quality rises with time
    assert [each.shots.index(shot) for shot in best_shots(each, 2)] == [1, 4]


def test_without_marks_all_are_candidates() -> None:
    each = tracklet(crops(6))
    assert [each.shots.index(shot) for shot in best_shots(each, 2)] == [4, 5]


def test_crops_too_small_to_show_anything_are_left_out() -> None:
    tiny = np.zeros((15, 30, 3), dtype=np.uint8)
    narrow = np.zeros((60, 5, 3), dtype=np.uint8)
    each = tracklet([tiny, *crops(1), narrow], best=[0, 2])
    assert usable_shots(each) == (each.shots[1],)
    assert best_shots(each, 5) == (each.shots[1],)  # the marked ones show nothing
    assert best_shots(tracklet([tiny, narrow]), 5) == ()


def test_weights_follow_quality_and_sum_to_one() -> None:
    first, second = tracklet(crops(2)).shots
    weights = quality_weights((replace(first, quality=0.2), replace(second, quality=0.6)))
    assert weights.tolist() == pytest.approx([0.25, 0.75])
    assert quality_weights((replace(first, quality=0.0), replace(second, quality=0.0))).tolist() == [0.5, 0.5]


def test_quality_of_the_embedding_is_that_of_its_shots_as_they_count() -> None:
    each = tracklet(crops(3))
    shots = tuple(replace(shot, quality=quality) for shot, quality in zip(each.shots, (0.2, 0.2, 0.6), strict=True))
    made = embedding(each, shots, "b", ModelId("m", "1", "0"), {FUSED: Cue(np.ones(1, dtype=np.float32))})
    assert made.quality == pytest.approx((0.04 + 0.04 + 0.36) / 1.0, abs=1e-6)
    assert made.shots == 3


def test_full_quality_does_not_round_above_one() -> None:
    for count in range(1, 30):
        each = tracklet(crops(1) * count)
        shots = tuple(replace(shot, quality=1.0) for shot in each.shots)
        made = embedding(each, shots, "b", ModelId("m", "1", "0"), {FUSED: Cue(np.ones(1, dtype=np.float32))})
        assert 0.999 < made.quality <= 1


@pytest.mark.parametrize("bad", [[0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0]])
def test_what_has_no_direction_has_no_unit(bad: list[float]) -> None:
    assert unit(np.array(bad, dtype=np.float32)) is None


def test_lengths_beyond_float32_are_no_trouble() -> None:
    vector = unit(np.array([3e30, 4e30], dtype=np.float32))
    assert vector is not None
    assert vector.tolist() == pytest.approx([0.6, 0.8])
