"""Gaps are filled where asked, and nowhere else."""

import pytest

from reid_core.geometry import Box
from reid_core.records import CameraId, Track, TrackNumber, TrackState
from trackers.interpolation import interpolated


def track(time: float, left: float, number: int = 1, camera: str = "door", score: float = 0.9) -> Track:
    box = Box(left, 0.0, left + 10.0, 20.0 + left)
    return Track(TrackNumber(number), CameraId(camera), time, box, score, TrackState.CONFIRMED)


def test_a_gap_is_a_straight_line_in_time() -> None:
    seen = [track(0.0, 0.0), track(0.1, 10.0), track(0.5, 50.0, score=0.6)]
    found = interpolated(seen, [0.0, 0.1, 0.2, 0.4, 0.5], most_seconds=1.0)
    assert [each.time for each in found] == [0.0, 0.1, 0.2, 0.4, 0.5]
    assert [each.box.left for each in found] == pytest.approx([0.0, 10.0, 20.0, 40.0, 50.0])
    assert [each.box.bottom for each in found] == pytest.approx([20.0, 30.0, 40.0, 60.0, 70.0])
    assert [each.state is TrackState.LOST for each in found] == [False, False, True, True, False]
    assert found[2].score == 0.6


def test_a_long_gap_stays_and_people_and_cameras_are_kept_apart() -> None:
    seen = [track(0.0, 0.0), track(3.0, 30.0), track(1.0, 5.0, number=2), track(2.0, 5.0, number=2, camera="hall")]
    assert interpolated(seen, [0.0, 1.0, 1.5, 2.0, 3.0], most_seconds=2.0) == sorted(seen, key=lambda each: each.time)


def test_nothing_stays_nothing() -> None:
    assert interpolated([], [0.0, 1.0], most_seconds=1.0) == []
