"""What every tracker must do, however it matches."""

from collections.abc import Callable

import numpy as np
import pytest

from reid_core.geometry import Box
from reid_core.protocols import Tracker
from reid_core.records import Detection, TrackState
from tests.fakes.tracker import FakeTracker
from tests.trackers.walkers import follow, frame, person
from trackers.bytetrack import ByteTrack

Make = Callable[[], Tracker]
MAKERS: dict[str, Make] = {"fake": FakeTracker, "bytetrack": lambda: ByteTrack(ByteTrack.Options())}


@pytest.fixture(params=MAKERS)
def make(request: pytest.FixtureRequest) -> Make:
    return MAKERS[request.param]


def crowd(time: float, count: int, seed: int = 0) -> list[Detection]:
    """People who walk each their own way."""
    rng = np.random.default_rng(seed)
    start, speed = rng.random((count, 2)) * 4000, rng.normal(0, 30, (count, 2))
    corners = (start + speed * time).tolist()
    return [Detection(Box(left, top, left + 40, top + 100), 0.9) for left, top in corners]


def test_nobody_is_nobody(make: Make) -> None:
    assert follow(make(), [(float(i), []) for i in range(50)]) == [[]] * 50


def test_who_walks_on_keeps_one_id(make: Make) -> None:
    found = follow(make(), [(i / 12.5, [person(i * 6.0)]) for i in range(60)])
    assert len({track.id for tracks in found for track in tracks}) == 1
    assert all(found[3:])


def test_a_track_says_where_and_when_it_was_seen(make: Make) -> None:
    tracker = make()
    for i in range(5):
        now, seen = frame(i / 10, i), [person(10.0), person(300.0, score=0.8)]
        tracks = tracker.update(now, seen)
    assert {track.camera for track in tracks} == {now.camera}
    assert {track.time for track in tracks} == {now.time}
    assert {track.state for track in tracks} == {TrackState.CONFIRMED}
    assert sorted((track.box.left, track.score) for track in tracks) == [(10.0, 0.9), (300.0, 0.8)]


def test_a_thousand_people_at_once(make: Make) -> None:
    tracker = make()
    for i in range(4):
        tracks = tracker.update(frame(i / 30, i), crowd(i / 30, 1000))
    assert len({track.id for track in tracks}) == len(tracks) > 900


def test_two_trackers_share_nothing(make: Make) -> None:
    """Frame by frame in turn, each gives what it gives alone."""
    scenes = [[(i / 10, crowd(i / 10, 12, seed)) for i in range(30)] for seed in (1, 2)]
    alone = [follow(make(), each) for each in scenes]
    one, other = make(), make()
    in_turn: tuple[list[object], list[object]] = ([], [])
    for i in range(30):
        for tracker, mine, found in zip((one, other), scenes, in_turn, strict=True):
            time, seen = mine[i]
            found.append(tracker.update(frame(time, i), seen))
    assert list(in_turn) == alone
