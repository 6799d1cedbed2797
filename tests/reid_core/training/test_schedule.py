"""The learning rate over the epochs."""

import pytest

from reid_core.training.options import Schedule
from reid_core.training.schedule import rate_factor


def test_it_drops_at_milestones() -> None:
    schedule = Schedule(milestones=(40, 80))
    assert [rate_factor(schedule, epoch, 120) for epoch in (0, 39.9, 40, 79, 80, 119)] == pytest.approx(
        [1, 1, 0.1, 0.1, 0.01, 0.01]
    )


def test_it_warms_up_in_a_line_and_joins_the_rest() -> None:
    schedule = Schedule(warm_up=10, warm_up_from=0.1, milestones=(40,))
    assert [rate_factor(schedule, epoch, 60) for epoch in (0, 5, 10, 40)] == pytest.approx([0.1, 0.55, 1, 0.1])


def test_a_cosine_falls_to_nothing() -> None:
    schedule = Schedule(kind="cosine", warm_up=2)
    assert [rate_factor(schedule, epoch, 10) for epoch in (0, 2, 6, 10)] == pytest.approx([0.1, 1, 0.5, 0])
