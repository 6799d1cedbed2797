"""Open-set figures, worked by hand and by the literal definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reid_core.errors import DataSetInvalid
from reid_core.evaluation.distances import Distances
from reid_core.evaluation.labels import Labels
from reid_core.evaluation.open_set import calibration, identify, open_set, verify
from reid_core.evaluation.settings import STANDARD

FEW = st.lists(st.integers(0, 6).map(float), min_size=1, max_size=30)


@settings(max_examples=100, deadline=None)
@given(FEW, FEW, st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0]))
def test_verification_by_the_definition(same: list[float], other: list[float], rate: float) -> None:
    found = verify(same, other, [rate])
    pairs = [(a > b) + 0.5 * (a == b) for a in same for b in other]
    assert found.auc == pytest.approx(np.mean(pairs))
    # of all thresholds that let at most this share of impostors pass: the one that lets most genuine pass
    best = max(
        np.mean([a > threshold for a in same])
        for threshold in sorted({*other})
        if np.mean([b > threshold for b in other]) <= rate
    )
    assert found.true_positive[0].share == pytest.approx(best)
    assert 0 <= found.eer <= 1


def test_verification_by_hand() -> None:
    found = verify([5, 6, 7, 8], [1, 2, 3, 4, 5, 6, 7, 0, 0, 0], [0.1, 0.2, 0.0001])
    assert [each.share for each in found.true_positive] == [0.5, 0.75, 0.25]  # above 6, above 5, above 7
    assert found.auc == pytest.approx((7.5 + 8.5 + 9.5 + 10) / 40)
    assert verify([2, 3], [0, 1]).eer == 0
    assert verify([0, 1], [2, 3]).eer == 1


def test_identification_by_hand() -> None:
    found = identify([0.9, 0.8, 0.7, 0.2], [True, False, True, True], [0.75, 0.1], rates=[0.5, 0.1])
    assert [each.share for each in found.identified] == [0.75, 0.25]  # above .1: three right; above .75: one
    assert (found.known, found.unknown) == (4, 2)


def test_calibration_by_hand() -> None:
    perfect = calibration([0, 0, 1, 1], [False, False, True, True])
    assert (perfect.ece, perfect.brier) == (0, 0)
    half = calibration([0.75] * 4, [True, True, False, False])
    assert half.ece == pytest.approx(0.25)
    assert half.brier == pytest.approx(0.3125)


def test_one_pass_over_distances_drops_what_the_setting_drops() -> None:
    queries = Labels.of([0, 1, 2, 3], [0, 0, 0, 0])
    gallery = Labels.of([0, 1, 2, 3, 0], [1, 1, 1, 1, 0])  # the last is on the query's own camera
    distances: Distances = np.full((4, 5), 0.9, dtype=np.float32)
    distances[np.arange(4), np.arange(4)] = 0.1
    found = open_set([distances[:3], distances[3:]], queries, gallery, STANDARD.drop)
    assert (found.verification.genuine, found.verification.impostors) == (4, 15)
    assert (found.verification.auc, found.verification.eer) == (1, 0)
    assert found.watch_list is not None
    assert (found.watch_list.known, found.watch_list.unknown) == (2, 2)
    assert [each.share for each in found.watch_list.identified] == [1, 1]


def test_too_many_impostors_are_sampled_and_said() -> None:
    rng = np.random.default_rng(0)
    queries, gallery = Labels.of(rng.integers(0, 20, 50)), Labels.of(np.arange(200) % 20)
    distances = rng.random((50, 200), dtype=np.float32)
    found = open_set([distances], queries, gallery, STANDARD.drop, most_impostors=500).verification
    assert found.impostors_all == 9500
    assert 350 < found.impostors < 650


@pytest.mark.parametrize(
    ("scores", "truths", "words"),
    [([1.2], [True], "0 to 1"), ([0.5, 0.5], [True], "truth"), ([], [], "none of them"), ([float("nan")], [1], "NaN")],
)
def test_bad_probabilities_are_refused(scores: list[float], truths: list[bool], words: str) -> None:
    with pytest.raises(DataSetInvalid, match=words):
        calibration(scores, truths)
