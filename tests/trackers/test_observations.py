"""What was seen, over what was predicted: directions, and the path over a gap."""

import numpy as np
import pytest

from tests.trackers.walkers import frame, person
from trackers import kalman
from trackers.lifecycle import LIFE, Tracks
from trackers.observations import directions, reupdated, turn
from trackers.ocsort import OcSort


def walked(places: list[tuple[float, float, float]]) -> Tracks:
    """One track; centre and time, the last first."""
    tracks = np.zeros(1, LIFE)
    tracks["trail"] = -np.inf
    tracks["trail"][0, : len(places)] = places
    return tracks


def test_the_direction_is_that_since_a_while() -> None:
    tracks = walked([(30.0, 0.0, 1.0), (20.0, 9.0, 0.95), (10.0, 0.0, 0.9), (0.0, 0.0, 0.8)])
    whence, direction = directions(tracks, seconds=0.1)
    assert (whence.tolist(), direction.tolist()) == ([[10.0, 0.0]], [[1.0, 0.0]])


def test_at_a_low_frame_rate_it_is_that_since_the_sight_before() -> None:
    whence, direction = directions(walked([(0.0, 5.0, 1.0), (0.0, 0.0, 0.5)]), seconds=0.1)
    assert (whence.tolist(), direction.tolist()) == ([[0.0, 0.0]], [[0.0, 1.0]])


def test_turning_costs_from_nothing_to_one() -> None:
    boxes = np.array([[40.0, -5, 60, 5], [5.0, 20, 15, 30], [-60.0, -5, -40, 5]])
    tracks = np.repeat(walked([(20.0, 0.0, 1.0), (10.0, 0.0, 0.9)]), 3)
    assert turn(tracks, boxes, 0.1).tolist() == pytest.approx([0.0, 0.5, 1.0])
    assert turn(np.repeat(walked([(20.0, 0.0, 1.0)]), 3), boxes, 0.1).tolist() == [0.5] * 3


def test_over_a_gap_the_filter_is_fed_the_straight_path() -> None:
    """As if each frame between had shown a box of the line; two tracks with gaps of their own."""
    model, start = kalman.AREA_ASPECT, np.array([[0.0, 0, 40, 100], [300.0, 0, 340, 100]])
    tracks = np.zeros(2, LIFE)
    tracks["box"], tracks["sight"] = start, kalman.started(model, start)
    tracks["missed"], tracks["seen"] = [3, 1], [0.0, 0.2]
    found = start + np.array([[40.0, 0, 40, 0], [-20.0, 0, -20, 0]])
    motion = reupdated(model, tracks, found, 0.4)
    for number, steps in enumerate((4, 2)):
        slow = kalman.started(model, start[[number]])
        for step in range(1, steps + 1):
            slow = kalman.predicted(model, slow, 0.1)
            if step < steps:
                slow = kalman.corrected(model, slow, start[[number]] + step / steps * (found - start)[[number]])
        np.testing.assert_allclose(motion[[number]], slow, rtol=1e-9, atol=1e-9)


def test_ocsort_finds_again_where_it_was_who_stopped_behind_a_pillar() -> None:
    """The prediction runs on with the speed of before; recovery looks at the last box."""

    def ids(recovery_gate: float) -> set[int]:
        tracker = OcSort(OcSort.Options(recovery_gate=recovery_gate))
        found: set[int] = set()
        for i in range(32):
            left = 12.0 * min(i, 14)
            seen = [] if 15 <= i < 22 else [person(left)]
            found |= {track.id for track in tracker.update(frame(i / 30, i), seen)}
        return found

    assert ids(recovery_gate=0.7) == {1}
    assert ids(recovery_gate=0.0) == {1, 2}
