"""The cost of a frame grows with the people in it no worse than in proportion."""

from time import process_time

import numpy as np
import pytest

from reid_core.geometry import Box
from reid_core.records import Detection
from tests.contract.test_tracker_contract import NAMES, made
from tests.trackers.walkers import frame


def seconds(name: str, people: int) -> float:
    """Of the quickest of some frames, in which everybody walks; the density stays the same."""
    rng = np.random.default_rng(1)
    start, speed = rng.random((people, 2)) * 350 * np.sqrt(people), rng.normal(0, 40, (people, 2))
    tracker, least = made(name), np.inf
    for i in range(25):
        corners = (start + speed * i / 30).tolist()
        seen = [Detection(Box(left, top, left + 60, top + 150), 0.9) for left, top in corners]
        begin = process_time()
        tracker.update(frame(i / 30, i), seen)
        least = min(least, process_time() - begin) if i > 2 else least
    return least


@pytest.mark.parametrize("name", NAMES)
def test_two_hundred_people_cost_no_more_than_in_proportion(name: str) -> None:
    assert seconds(name, 200) < 20 * seconds(name, 20)
