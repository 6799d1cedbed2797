"""ByteTrack's own rules: who is believed, who is kept, who is forgotten, and what it refuses."""

import math

import numpy as np
import pytest

from reid_core.errors import ConfigInvalid, RecordInvalid
from reid_core.geometry import Box
from reid_core.options import PluginUse
from reid_core.records import Detection, Track, TrackState
from reid_core.registry import build
from tests.trackers.walkers import follow, frame, person
from trackers.bytetrack import ByteTrack

Scene = tuple[float, list[Detection]]


def tracker(**options: object) -> ByteTrack:
    made = build("trackers", PluginUse(use="bytetrack", options=options))
    assert isinstance(made, ByteTrack)
    return made


def ids(found: list[Track]) -> list[int]:
    return sorted(track.id for track in found)


def test_who_is_there_at_the_start_is_believed_at_once_and_later_ones_at_second_sight() -> None:
    scenes: list[Scene] = [
        (0.0, [person(0)]),
        (0.1, [person(2), person(300)]),
        (0.2, [person(4), person(302)]),
    ]
    assert [ids(found) for found in follow(tracker(), scenes)] == [[1], [1], [1, 2]]


def test_what_is_seen_once_is_never_reported() -> None:
    scenes: list[Scene] = [(0.0, []), (0.1, [person(0)]), (0.2, []), (0.3, [person(0)]), (0.4, [])]
    assert not any(follow(tracker(), scenes))


@pytest.mark.parametrize(("hits", "first"), [(1, 1), (2, 2), (4, 4)])
def test_confirm_hits_says_after_how_many_sights(hits: int, first: int) -> None:
    found = follow(tracker(confirm_hits=hits), [(0.0, []), *((0.1 * i, [person(i)]) for i in range(1, 6))])
    assert [bool(tracks) for tracks in found] == [i >= first for i in range(6)]


def test_a_weak_detection_continues_a_track_but_begins_none() -> None:
    hidden = [person(i * 2.0, score=0.3) for i in range(3, 8)]
    scenes: list[Scene] = [(0.1 * i, [person(i * 2.0)]) for i in range(3)]
    scenes += [(0.3 + 0.1 * i, [each, person(500, score=0.5)]) for i, each in enumerate(hidden)]
    found = follow(tracker(), scenes)
    assert [ids(tracks) for tracks in found] == [[1]] * 8
    assert [track.score for track in found[-1]] == [0.3]


def test_what_is_below_low_score_does_not_exist() -> None:
    scenes: list[Scene] = [(0.0, [person(0)]), (0.1, [person(0, score=0.05)])]
    assert [ids(found) for found in follow(tracker(), scenes)] == [[1], []]


def test_somebody_lost_is_found_again_within_lost_seconds_and_not_after() -> None:
    def walk(pause: float) -> list[list[Track]]:
        before: list[Scene] = [(i / 10, [person(i * 3.0)]) for i in range(10)]
        again = 0.9 + pause
        after: list[Scene] = [(again + i / 10, [person((9 + pause * 10 + i) * 3.0)]) for i in range(3)]
        return follow(tracker(lost_seconds=2.0), [*before, (again - 0.05, []), *after])

    assert ids(walk(1.8)[-1]) == [1]
    assert ids(walk(2.2)[-1]) == [2]


def test_dropped_frames_do_not_break_a_fast_walk() -> None:
    """40 pixels wide, 300 a second: after four lost frames the boxes of the same person share nothing."""
    times = [i / 30 for i in range(60) if i % 9 not in (3, 4, 5, 6)]
    found = follow(tracker(), [(time, [person(300 * time)]) for time in times])
    assert {track.id for tracks in found for track in tracks} == {1}
    assert all(found)


def test_a_lost_track_is_reported_where_it_should_be_if_asked() -> None:
    scenes: list[Scene] = [(i / 10, [person(i * 5.0, score=0.8)]) for i in range(20)]
    scenes += [(2.0, []), (2.1, [])]
    *_, last = follow(tracker(report_lost=True), scenes)
    [track] = last
    assert (track.state, track.time, track.score) == (TrackState.LOST, 2.1, 0.8)
    assert track.box.left == pytest.approx(105.0, abs=4.0)
    assert not follow(tracker(), scenes)[-1]


def test_the_box_is_the_detectors_own() -> None:
    seen = [person(i * 7.0) for i in range(3)]
    found = follow(tracker(), [(i / 10, [each]) for i, each in enumerate(seen)])
    assert [tracks[0].box for tracks in found] == [each.box for each in seen]


def test_two_people_who_cross_keep_their_ids() -> None:
    def scene(i: int) -> list[Detection]:
        return [person(i * 8.0, top=100), person(400 - i * 8.0, top=140)]

    found = follow(tracker(), [(i / 15, scene(i)) for i in range(51)])
    by_start = {track.id: track.box.left for track in found[0]}
    at_end = {track.id: track.box.left for track in found[-1]}
    assert by_start == {1: 0.0, 2: 400.0}
    assert at_end == {1: 400.0, 2: 0.0}


def test_one_person_found_twice_is_one_track() -> None:
    def scene(i: int) -> list[Detection]:
        return [person(i * 2.0), person(i * 2.0), person(i * 2.0 + 1, score=0.8)]

    found = follow(tracker(), [(0.0, []), *((i / 10, scene(i)) for i in range(1, 20))])
    assert {track.id for tracks in found for track in tracks} == {1}


def test_an_id_is_never_given_twice() -> None:
    """Each visitor goes before the next one comes."""
    scenes: list[Scene] = []
    for visitor in range(20):
        scenes += [(visitor * 5 + 0.1 * i, [person(10.0)]) for i in range(3)]
    found = follow(tracker(), scenes)
    assert len({track.id for tracks in found for track in tracks}) == 20


def test_nobody_for_long() -> None:
    follower = tracker()
    follow(follower, [(0.0, [person(0)])])
    for i in range(1, 3000):
        assert follower.update(frame(i / 10), []) == []
    assert ids(follower.update(frame(301.0), [person(0)])) == []
    assert len(ids(follower.update(frame(301.1), [person(0)]))) == 1


def test_times_of_today_are_as_good_as_times_near_zero() -> None:
    walk: list[Scene] = [(i / 30, [person(i * 3.0), person(400 - i * 2.0, top=300)]) for i in range(40)]
    near, today = follow(tracker(), walk), follow(tracker(), [(1.79e9 + time, seen) for time, seen in walk])
    assert [ids(found) for found in near] == [ids(found) for found in today]


@pytest.mark.parametrize("time", [1.0, 0.5, math.nan, math.inf])
def test_time_that_does_not_go_on_is_refused_and_changes_nothing(time: float) -> None:
    follower = tracker()
    follow(follower, [(0.0, [person(0)]), (1.0, [person(0)])])
    with pytest.raises(RecordInvalid, match=r"camera door.*expected later than .* 1\.0"):
        follower.update(frame(time), [person(0)])
    assert ids(follower.update(frame(1.1), [person(0)])) == [1]


@pytest.mark.parametrize(("camera", "epoch"), [("gate", "e1"), ("door", "e2")])
def test_a_frame_of_another_camera_or_epoch_is_refused(camera: str, epoch: str) -> None:
    follower = tracker()
    follower.update(frame(0.0), [])
    with pytest.raises(RecordInvalid, match="this tracker follows camera door, epoch e1"):
        follower.update(frame(1.0, camera=camera, epoch=epoch), [])


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_no_number_is_refused(score: float) -> None:
    with pytest.raises(RecordInvalid, match="camera door, frame 0: a detection whose box or score is not finite"):
        tracker().update(frame(0.0), [person(0), person(90, score=score)])


def test_a_box_that_is_no_number_is_refused() -> None:
    broken = Box(0, 0, 1, 1)
    object.__setattr__(broken, "left", math.nan)  # past Box's own check
    with pytest.raises(RecordInvalid, match="not finite"):
        tracker().update(frame(0.0), [Detection(broken, 0.9)])
    with pytest.raises(RecordInvalid, match="beyond 1e"):
        tracker().update(frame(0.0), [Detection(Box(0, 0, 1e9, 10), 0.9)])


def test_boxes_of_almost_no_size_do_no_harm() -> None:
    thin = [Detection(Box(5, 5, 5 + 1e-12, 400), 0.9), Detection(Box(9, 9, 9 + 1e-9, 9 + 1e-9), 0.9)]
    with np.errstate(all="raise"):
        found = follow(tracker(report_lost=True), [(i / 10, thin if i % 3 else []) for i in range(60)])
    assert all(math.isfinite(track.box.area) for tracks in found for track in tracks)


def test_scores_out_of_order_are_told_with_the_place() -> None:
    with pytest.raises(ConfigInvalid, match=r"trackers bytetrack: options.*high_score \(0\.8\).*rising order"):
        tracker(high_score=0.8)
