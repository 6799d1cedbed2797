"""Metrics against hand-worked tables and against the obvious loop."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from reid_core.errors import DataSetInvalid
from reid_core.evaluation.labels import Labels
from reid_core.evaluation.ranking import Ranking, Ties, rank
from reid_core.evaluation.settings import CLOTHES_CHANGING, SAME_CLOTHES, STANDARD, Setting, nothing
from tests.reid_core.evaluation.slow import one_query


def matrix(*rows: list[float]) -> NDArray[np.float32]:
    return np.array(rows, dtype=np.float32)


def test_hand_worked_table() -> None:
    distances = matrix([0.1, 0.2, 0.3, 0.4, 0.5], [0.5, 0.4, 0.3, 0.2, 0.1])
    found = rank([distances], Labels.of([1, 2]), Labels.of([1, 2, 1, 3, 2]), nothing)
    # query 0: matches at ranks 1 and 3; query 1: items 4, 3, 2, 1, 0 -> matches at ranks 1 and 4
    assert found.first.tolist() == [0, 0]
    assert found.average_precision.tolist() == [(1 + 2 / 3) / 2, (1 + 2 / 4) / 2]
    assert found.inverse_negative_penalty.tolist() == [2 / 3, 2 / 4]
    assert found.cmc(3).tolist() == [1, 1, 1]


def test_the_same_camera_is_dropped_and_a_query_without_a_match_is_counted() -> None:
    queries = Labels.of([1, 2, 9], [0, 0, 0])
    gallery = Labels.of([1, 1, 2, 3], [0, 1, 0, 1])
    distances = matrix([0.1, 0.4, 0.3, 0.2], [0.1, 0.2, 0.3, 0.4], [0.1, 0.2, 0.3, 0.4])
    found = rank([distances], queries, gallery, STANDARD.drop)
    assert found.asked == 3
    assert found.valid.tolist() == [0]  # person 2 is there on the same camera alone; 9 is not there
    assert found.first.tolist() == [2]  # item 0 is gone: 3 (.2), 2 (.3), then 1 (.4)
    assert found.mean_ap == pytest.approx(1 / 3)


def test_ties_stable_and_pessimistic() -> None:
    queries, gallery = Labels.of([1]), Labels.of([1, 2, 1, 2])
    same = matrix([0.5, 0.5, 0.5, 0.5])
    stable = rank([same], queries, gallery, nothing)
    assert (stable.first.tolist(), stable.average_precision.tolist()) == ([0], [(1 + 2 / 3) / 2])
    worst = rank([same], queries, gallery, nothing, Ties.PESSIMISTIC)
    assert (worst.first.tolist(), worst.average_precision.tolist()) == ([2], [(1 / 3 + 2 / 4) / 2])


def test_plus_and_minus_zero_are_a_tie() -> None:
    found = rank([matrix([0.0, -0.0])], Labels.of([1]), Labels.of([2, 1]), nothing)
    assert found.first.tolist() == [1]


def test_one_gallery_item_and_a_long_curve() -> None:
    found = rank([matrix([0.7])], Labels.of([4]), Labels.of([4]), nothing)
    assert found.cmc(50).tolist() == [1.0] * 50
    assert (found.mean_ap, found.mean_inp) == (1, 1)


def test_nothing_valid_says_so_and_does_not_crash() -> None:
    found = rank([matrix([0.7])], Labels.of([4]), Labels.of([5]), nothing)
    assert (found.asked, len(found.valid)) == (1, 0)
    assert np.isnan(found.mean_ap)
    assert np.isnan(found.cmc(3)).all()


def test_no_queries_and_an_empty_gallery() -> None:
    assert rank([], Labels.of([]), Labels.of([1]), nothing).asked == 0
    assert rank([np.empty((2, 0), np.float32)], Labels.of([1, 2]), Labels.of([]), nothing).asked == 2


@pytest.mark.parametrize(
    ("distances", "gallery", "words"),
    [
        (matrix([0.1, float("nan")]), [1, 2], "NaN"),
        (matrix([float("inf"), 0.2]), [1, 2], "infinity"),
        (matrix([0.1, 0.2, 0.3]), [1, 2], "chunk"),
        (matrix([0.1, 0.2], [0.1, 0.2]), [1, 2], "chunk"),
        (matrix([0.1, 0.2]), [1, -1], "junk"),
        (np.empty((0, 2), np.float32), [1, 2], "of 0 queries for 1"),
    ],
)
def test_bad_distances_are_refused(distances: NDArray[np.float32], gallery: list[int], words: str) -> None:
    with pytest.raises(DataSetInvalid, match=words):
        rank([distances], Labels.of([1]), Labels.of(gallery), nothing)


@st.composite
def problems(draw: st.DrawFn) -> tuple[NDArray[np.float32], Labels, Labels]:
    asking, items = draw(st.integers(1, 6)), draw(st.integers(1, 12))

    def labels(count: int) -> Labels:
        few = st.lists(st.integers(-1, 2), min_size=count, max_size=count)
        people = st.lists(st.integers(0, 3), min_size=count, max_size=count)
        return Labels.of(draw(people), draw(few), draw(few))

    # few different values: ties everywhere
    value = st.integers(-2, 4).map(lambda each: each / 4)
    cells = draw(st.lists(value, min_size=asking * items, max_size=asking * items))
    return np.array(cells, dtype=np.float32).reshape(asking, items), labels(asking), labels(items)


@settings(max_examples=150, deadline=None)
@given(
    problems(), st.sampled_from([STANDARD, CLOTHES_CHANGING, SAME_CLOTHES]), st.sampled_from(Ties), st.integers(1, 6)
)
def test_equals_the_obvious_loop(
    problem: tuple[NDArray[np.float32], Labels, Labels], setting: Setting, ties: Ties, height: int
) -> None:
    distances, queries, gallery = problem
    drop = setting.drop
    chunks = [distances[begin : begin + height] for begin in range(0, len(distances), height)]
    before = distances.copy()
    found = rank(chunks, queries, gallery, drop, ties)
    assert np.array_equal(distances, before)
    expected = {}
    for query, row in enumerate(distances.tolist()):
        right = [person == queries.persons[query] for person in gallery.persons]
        out = [
            right[item] and bool(drop(queries.take(slice(query, query + 1)), gallery.take(slice(item, item + 1)))[0])
            for item in range(len(row))
        ]
        figures = one_query(row, right, out, ties is Ties.PESSIMISTIC)
        if figures:
            expected[query] = figures
    assert rows_of(found) == expected  # to the last bit
    firsts = [first for first, _, _ in expected.values()]
    for place, share in enumerate(found.cmc(20)):
        assert not firsts or share == sum(first <= place for first in firsts) / len(firsts)


def rows_of(found: Ranking) -> dict[int, tuple[int, float, float]]:
    columns = (found.first.tolist(), found.average_precision.tolist(), found.inverse_negative_penalty.tolist())
    return dict(zip(found.valid.tolist(), zip(*columns, strict=True), strict=True))
