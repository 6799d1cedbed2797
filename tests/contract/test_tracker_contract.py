"""What every tracker must do, however it matches."""

from collections.abc import Callable

import numpy as np
import pytest

from reid_core.errors import RecordInvalid
from reid_core.geometry import Box
from reid_core.options import PluginUse
from reid_core.protocols import Tracker
from reid_core.records import Detection, Epoch, TrackState
from reid_core.registry import build
from tests.fakes.tracker import FakeTracker
from tests.trackers.walkers import follow, frame, person
from trackers.follower import Follower

Make = Callable[[], Tracker]
NAMES = ("sort", "bytetrack", "ocsort", "botsort", "deepsort", "restride")


def made(name: str, **options: object) -> Follower:
    tracker = build("trackers", PluginUse(use=name, options=options))
    assert isinstance(tracker, Follower)
    return tracker


def maker(name: str) -> Make:
    return lambda: FakeTracker() if name == "fake" else made(name)


@pytest.fixture(params=("fake", *NAMES))
def make(request: pytest.FixtureRequest) -> Make:
    return maker(request.param)


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


@pytest.mark.parametrize("name", NAMES)
class TestOurs:
    """What ours can do besides."""

    def test_a_restored_tracker_goes_on_as_if_nothing_had_been(self, name: str) -> None:
        scenes = [(i / 10, [each for each in crowd(i / 10, 30, 3) if hash((i, each.box.left)) % 5]) for i in range(40)]
        first = made(name)
        follow(first, scenes[:20])
        second = made(name)
        second.restore(first.save())
        assert follow(second, scenes[20:]) == follow(first, scenes[20:])

    def test_it_may_go_on_under_a_new_epoch_and_gives_no_id_twice(self, name: str) -> None:
        first, second = made(name), made(name)
        follow(first, [(i / 10, [person(i * 3.0)]) for i in range(5)])
        second.restore(first.save(), Epoch("e2"))
        [track] = second.update(frame(0.6, epoch="e2"), [person(18.0)])
        assert track.id == 1
        for i in range(7, 12):
            newest = second.update(frame(i / 10, epoch="e2"), [person(900.0)])
        assert [track.id for track in newest] == [2]

    def test_what_is_no_state_of_it_is_refused(self, name: str) -> None:
        other = made("sort" if name != "sort" else "ocsort")
        whole = made(name).save()
        for broken in (b"", b"nonsense", whole[: len(whole) // 2], other.save()):
            with pytest.raises(RecordInvalid, match="state of tracker"):
                made(name).restore(broken)

    def test_after_a_reset_nobody_is_known_and_no_id_comes_again(self, name: str) -> None:
        tracker = made(name)
        follow(tracker, [(i / 10, [person(i * 3.0)]) for i in range(5)])
        tracker.reset()
        [track] = tracker.update(frame(0.0, epoch="e9"), [person(15.0)])
        assert track.id == 2

    def test_frames_dropped_at_random_do_not_break_a_walk(self, name: str) -> None:
        rng = np.random.default_rng(5)
        times = [0.0, 1 / 30, 2 / 30, *(i / 30 for i in range(3, 150) if rng.random() < 0.5)]
        found = follow(made(name), [(time, [person(150 * time), person(600 - 90 * time)]) for time in times])
        assert {track.id for tracks in found for track in tracks} == {1, 2}

    def test_who_never_moves_is_left_out_if_asked_until_he_does(self, name: str) -> None:
        standing = [(i / 10, [person(10.0), person(200.0 + i * 8)]) for i in range(40)]
        leaving = [(4 + i / 10, [person(10.0 + i * 6), person(520.0 + i * 8)]) for i in range(20)]
        found = follow(made(name, still_seconds=2.0), standing + leaving)
        assert len(found[15]) == 2
        assert [track.id for track in found[39]] == [2]
        assert sorted(track.id for track in found[-1]) == [1, 2]

    def test_who_was_not_sure_for_long_is_a_ghost_if_asked(self, name: str) -> None:
        scenes = [(i / 10, [person(10.0, score=0.9 if i < 5 else 0.65)]) for i in range(40)]
        found = follow(made(name, ghost_seconds=1.5, new_score=0.7 if name not in SURE_ONLY else 0.66), scenes)
        assert len(found[4]) == 1
        assert found[-1] == []
        if name not in SURE_ONLY:
            assert len(follow(made(name), scenes)[-1]) == 1

    @pytest.mark.parametrize("seed", range(3))
    def test_no_id_is_in_a_frame_twice_and_every_box_was_detected(self, name: str, seed: int) -> None:
        rng = np.random.default_rng(seed)
        tracker = made(name)
        for i in range(60):
            seen = [
                person(left, top, score, width, height)
                for left, top, score, width, height in rng.uniform(
                    [0, 0, 0, 1, 1], [300, 300, 1, 90, 200], (rng.integers(0, 25), 5)
                ).tolist()
            ]
            with np.errstate(all="raise", under="ignore"):
                tracks = tracker.update(frame(i / 7, i), seen)
            assert len({track.id for track in tracks}) == len(tracks)
            assert len({track.box for track in tracks}) == len(tracks)
            assert {track.box for track in tracks} <= {each.box for each in seen}


SURE_ONLY = {"sort", "ocsort", "deepsort"}  # these ignore whatever could not begin a track
