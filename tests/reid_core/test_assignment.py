"""The assignment costs what scipy's costs, on every shape, with gates and ties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from reid_core.assignment import Pairs, assign

Array = NDArray[np.float64]


def least(cost: Array, gate: float) -> float:
    """By scipy: an unmade pair costs the gate."""
    capped = np.minimum(cost, gate)
    rows, columns = linear_sum_assignment(capped)
    return float((capped[rows, columns] - gate).sum())


def paid(cost: Array, gate: float, pairs: Pairs) -> float:
    rows, columns = pairs
    assert len(set(rows.tolist())) == len(rows) == len(columns) == len(set(columns.tolist()))
    assert (cost[pairs] < gate).all()
    return float((cost[pairs] - gate).sum())


@st.composite
def tables(draw: st.DrawFn) -> Array:
    shape = draw(st.tuples(st.integers(0, 9), st.integers(0, 9)))
    coarse = st.integers(0, 6).map(lambda each: each / 5)  # ties
    fine = st.floats(0.0, 1.2)
    entries = draw(st.sampled_from([coarse, fine, st.just(0.3), st.one_of(fine, st.just(np.inf))]))
    cells = draw(st.lists(entries, min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]))
    return np.array(cells, dtype=np.float64).reshape(shape)


@given(tables(), st.sampled_from([0.0, 0.5, 0.9, 1.0]))
def test_small_ones_cost_what_scipy_says(cost: Array, gate: float) -> None:
    assert paid(cost, gate, assign(cost, gate)) == pytest.approx(least(cost, gate), abs=1e-9)


@pytest.mark.parametrize("shape", [(60, 60), (80, 30), (30, 80), (150, 150)])
@pytest.mark.parametrize("kind", ["dense", "sparse", "ties", "all the same"])
def test_large_ones_cost_what_scipy_says(shape: tuple[int, int], kind: str) -> None:
    rng = np.random.default_rng(3)
    cost = rng.random(shape)
    match kind:
        case "sparse":
            cost[rng.random(shape) > 3 / shape[1]] = np.inf
        case "ties":
            cost = np.round(cost * 5) / 5
        case "all the same":
            cost[:] = 0.25
    assert paid(cost, 0.9, assign(cost, 0.9)) == pytest.approx(least(cost, 0.9), abs=1e-9)


def test_what_is_beyond_the_gate_never_pairs() -> None:
    rows, columns = assign(np.array([[0.5, np.inf], [np.inf, 0.4]]), 0.5)
    assert (rows.tolist(), columns.tolist()) == ([1], [1])


def test_a_dear_pair_is_given_up_for_two_fair_ones() -> None:
    cost = np.array([[0.1, 0.2], [0.2, 0.9]])
    rows, columns = assign(cost, 0.95)
    assert sorted(zip(rows.tolist(), columns.tolist(), strict=True)) == [(0, 1), (1, 0)]


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (5, 0)])
def test_nothing_pairs_with_nothing(shape: tuple[int, int]) -> None:
    rows, columns = assign(np.zeros(shape), 1.0)
    assert not rows.size
    assert not columns.size
