"""Stages of an association."""

import numpy as np

from trackers.cascade import Cascade


def test_what_one_stage_took_is_closed_to_the_next() -> None:
    cascade = Cascade(2, 2)
    cost = np.array([[0.1, 0.2], [0.1, 0.2]])
    everyone = np.array([True, True])
    cascade.stage(np.array([True, False]), everyone, cost, 0.5)
    cascade.stage(everyone, np.array([True, False]), cost, 0.5)
    cascade.stage(everyone, everyone, cost, 0.5)
    rows, columns = cascade.pairs()
    assert (rows.tolist(), columns.tolist()) == ([0, 1], [0, 1])
    assert not cascade.open_rows.any()
    assert not cascade.open_columns.any()
