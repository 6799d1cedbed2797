"""Tracks made by hand, and the tracklets that come of them."""

import gc
import weakref
from collections.abc import Callable, Sequence
from itertools import pairwise

import cv2
import numpy as np
import pytest

from reid_core.errors import ConfigInvalid
from reid_core.geometry import Box
from reid_core.options import convert_options
from reid_core.records import CameraId, Epoch, Frame, Image, Track, Tracklet, TrackNumber, TrackState
from stream.metrics import Metrics
from stream.pipeline.cutter import Cutter, CutterOptions

RNG = np.random.default_rng(0)
SCENE: Image = RNG.integers(0, 255, (24, 32, 3), dtype=np.uint8).repeat(20, axis=0).repeat(20, axis=1)
STANDING = Box(300, 100, 380, 300)


def frame(time: float, epoch: str = "e1", image: Image = SCENE) -> Frame:
    return Frame(CameraId("door"), Epoch(epoch), 0, time, image)


def track(time: float, box: Box = STANDING, number: int = 1, state: TrackState = TrackState.CONFIRMED) -> Track:
    return Track(TrackNumber(number), CameraId("door"), time, box, 0.9, state)


def stand(
    times: Sequence[float], options: CutterOptions | None = None, box: Box = STANDING, metrics: Metrics | None = None
) -> list[Tracklet]:
    """Somebody who is seen at these times."""
    cutter = Cutter(options or CutterOptions(), metrics)
    found = [tracklet for time in times for tracklet in cutter.push(frame(time), [track(time, box)])]
    return found + cutter.flush()


def clock(rate: float, seconds: float, start: float = 1.79e9) -> list[float]:
    return [start + i / rate for i in range(round(seconds * rate))]


def gaps(tracklet: Tracklet) -> list[float]:
    return [b.time - a.time for a, b in pairwise(tracklet.shots)]


@pytest.mark.parametrize(
    ("rate", "each", "longest"),
    [(5.0, 20, 0.2), (10.0, 40, 0.1), (12.5, 50, 0.08), (25.0, 50, 0.08), (30.0, 50, 0.1), (60.0, 50, 0.0834)],
)
def test_shots_are_regular_at_any_frame_rate(rate: float, each: int, longest: float) -> None:
    pieces = stand(clock(rate, 20.0))
    assert [len(piece.shots) for piece in pieces] == [each] * 5
    assert [piece.id.part for piece in pieces] == [0, 1, 2, 3, 4]
    for piece in pieces:
        assert max(gaps(piece)) == pytest.approx(longest, abs=1e-3)
        assert min(gaps(piece)) > 0.06
        assert piece.end - piece.begin < 4.0


def test_jitter_of_the_capture_times_costs_no_shot() -> None:
    jitter = np.random.default_rng(1).normal(0.0, 0.004, 50)
    [piece] = stand([time + late for time, late in zip(clock(12.5, 4.0), jitter.tolist(), strict=True)])
    assert len(piece.shots) == 50


def test_the_grid_does_not_drift() -> None:
    pieces = stand(clock(30.0, 400.0), CutterOptions(max_height=32))
    assert sum(len(piece.shots) for piece in pieces) == 5000


def test_dropped_frames_leave_a_gap_and_no_burst() -> None:
    times = [time for i, time in enumerate(clock(30.0, 4.0)) if not 30 <= i < 45]
    [piece] = stand(times)
    assert len(piece.shots) == pytest.approx(44, abs=1)
    assert sorted(gaps(piece))[-1] == pytest.approx(0.5, abs=0.07)
    assert sorted(gaps(piece))[-2] < 0.11


def test_a_tracklet_says_whose_and_when_it_is() -> None:
    [piece] = stand(clock(10.0, 2.0, start=100.0))
    assert str(piece.id) == "door/e1/1/0"
    assert (piece.begin, piece.end) == (piece.shots[0].time, piece.shots[-1].time) == (100.0, 101.9)


def test_a_piece_is_given_as_soon_as_the_next_begins() -> None:
    cutter = Cutter(CutterOptions(max_seconds=1.0))
    given = [time for time in clock(10.0, 3.5, start=0.0) if cutter.push(frame(time), [track(time)])]
    assert given == pytest.approx([1.0, 2.0, 3.0], abs=0.11)


def test_a_track_that_is_gone_is_closed() -> None:
    cutter = Cutter(CutterOptions(idle_seconds=0.5))
    for time in (0.0, 0.1, 0.2, 0.3, 0.4):
        assert not cutter.push(frame(time), [track(time)])
    assert not cutter.push(frame(0.8), [])
    [piece] = cutter.push(frame(1.0), [])
    assert (piece.begin, piece.end, len(piece.shots)) == (0.0, 0.4, 5)
    assert not cutter.flush()


def test_a_track_that_comes_back_late_goes_on_counting_its_parts() -> None:
    times = [*clock(10.0, 1.0, start=0.0), *clock(10.0, 1.0, start=5.0)]
    assert [str(piece.id) for piece in stand(times)] == ["door/e1/1/0", "door/e1/1/1"]


def test_a_new_epoch_closes_everything_of_the_old_one() -> None:
    cutter = Cutter(CutterOptions())
    for time in clock(10.0, 1.0, start=0.0):
        cutter.push(frame(time), [track(time), track(time, number=2)])
    # after a reconnect, ids and times begin again
    closed = cutter.push(frame(0.5, epoch="e2"), [track(0.5)])
    assert [str(piece.id) for piece in closed] == ["door/e1/1/0", "door/e1/2/0"]
    for time in clock(10.0, 1.0, start=0.6):
        cutter.push(frame(time, epoch="e2"), [track(time)])
    assert [str(piece.id) for piece in cutter.flush()] == ["door/e2/1/0"]


@pytest.mark.parametrize(("seconds", "options"), [(0.3, {}), (0.9, {"min_seconds": 1.0}), (0.9, {"min_shots": 12})])
def test_a_piece_too_short_is_dropped_and_counted(seconds: float, options: dict[str, float]) -> None:
    metrics = Metrics()
    assert stand(clock(10.0, seconds), convert_options(options, CutterOptions, "cutter"), metrics=metrics) == []
    assert metrics.get("tracklets_too_short", camera="door") == 1
    assert metrics.get("tracklets_cut", camera="door") == 0
    assert metrics.get("shots_kept", camera="door") == round(seconds * 10)


def test_what_is_kept_is_counted() -> None:
    metrics = Metrics()
    stand(clock(12.5, 10.0), metrics=metrics)
    assert metrics.get("shots_kept", camera="door") == 125
    assert metrics.get("tracklets_cut", camera="door") == 3
    assert metrics.get("tracklets_too_short", camera="door") == 0


@pytest.mark.parametrize("state", [TrackState.LOST, TrackState.TENTATIVE])
def test_only_confirmed_tracks_are_shot(state: TrackState) -> None:
    cutter = Cutter(CutterOptions())
    for time in clock(10.0, 2.0, start=0.0):
        cutter.push(frame(time), [track(time, state=state)])
    assert not cutter.flush()


def test_a_crop_shows_the_person_and_a_little_more() -> None:
    [piece] = stand(clock(10.0, 1.0), CutterOptions(margin=0.1))
    shot = piece.shots[0]
    assert shot.box == Box(292, 80, 388, 320)
    np.testing.assert_array_equal(shot.crop, SCENE[80:320, 292:388])


@pytest.mark.parametrize(("box", "shape"), [(Box(0, 0, 200, 480), (256, 107)), (Box(0, 0, 640, 64), (26, 256))])
def test_a_large_crop_is_shrunk_in_proportion(box: Box, shape: tuple[int, int]) -> None:
    [piece] = stand(clock(10.0, 1.0), CutterOptions(margin=0.0), box)
    assert piece.shots[0].crop.shape == (*shape, 3)
    assert piece.shots[0].box == box
    area = SCENE[: int(box.bottom), : int(box.right)]
    expected = cv2.resize(area, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    assert np.abs(piece.shots[0].crop.astype(int) - expected.astype(int)).mean() < 3.0


@pytest.mark.parametrize("box", [STANDING, Box(0, 0, 640, 480)])
def test_a_crop_is_read_only_and_lets_its_frame_go(box: Box) -> None:
    cutter = Cutter(CutterOptions())
    images = []
    for time in clock(10.0, 1.0, start=0.0):
        image = SCENE.copy()
        images.append(weakref.ref(image))
        cutter.push(frame(time, image=image), [track(time, box)])
        del image
    gc.collect()
    assert not any(each() is not None for each in images)
    [piece] = cutter.flush()
    assert not any(shot.crop.flags.writeable for shot in piece.shots)


@pytest.mark.parametrize(
    ("box", "clipped"),
    [
        (Box(-50, -50, 30, 100), Box(0, 0, 30, 100)),
        (Box(600.5, 400.5, 900, 900), Box(600, 400, 640, 480)),
        (Box(10.2, 10.2, 10.3, 10.3), Box(10, 10, 11, 11)),
        (Box(-9e5, -9e5, 9e5, 9e5), Box(0, 0, 640, 480)),
    ],
)
def test_a_box_partly_outside_is_cut_to_the_frame(box: Box, clipped: Box) -> None:
    [piece] = stand(clock(10.0, 1.0), CutterOptions(margin=0.0), box)
    assert {shot.box for shot in piece.shots} == {clipped}
    assert all(0.0 <= shot.quality <= 1.0 for shot in piece.shots)


@pytest.mark.parametrize("box", [Box(-90, 10, -50, 60), Box(640, 100, 700, 200), Box(10, 481, 60, 600)])
def test_a_box_wholly_outside_gives_no_shot(box: Box) -> None:
    metrics = Metrics()
    assert not stand(clock(10.0, 1.0), CutterOptions(margin=0.0), box, metrics)
    assert metrics.total("shots_kept") == 0


def marked(look: Callable[[float], tuple[Image, list[Track]]]) -> list[float]:
    """The times of the best shots of track 1, seen for four seconds."""
    cutter = Cutter(CutterOptions())
    for time in clock(12.5, 4.0, start=0.0):
        image, tracks = look(time)
        cutter.push(frame(time, image=image), tracks)
    piece = next(piece for piece in cutter.flush() if piece.id.track == 1)
    return [shot.time for shot in piece.shots if shot.best]


def test_the_best_avoid_who_is_hidden() -> None:
    nearer = Box(310, 110, 400, 350)
    best = marked(lambda time: (SCENE, [track(time), *([track(time, nearer, 2)] if time < 2.0 else [])]))
    assert 4 <= len(best) <= 8
    assert min(best) >= 2.0


def test_the_best_avoid_blur() -> None:
    blurred = np.asarray(cv2.GaussianBlur(SCENE, (0, 0), 15), dtype=np.uint8)
    best = marked(lambda time: (blurred if time >= 2.0 else SCENE, [track(time)]))
    assert 4 <= len(best) <= 8
    assert max(best) < 2.0


def test_the_best_avoid_the_border() -> None:
    best = marked(lambda time: (SCENE, [track(time, Box(0, 100, 80, 300) if 1.0 < time < 3.0 else STANDING)]))
    assert not any(1.0 < time < 3.0 for time in best)


def test_the_best_are_spread() -> None:
    best = marked(lambda time: (SCENE, [track(time)]))
    assert len(best) == 8
    assert min(b - a for a, b in pairwise(best)) > 0.2


def test_a_thousand_tracks_stay_within_bounds() -> None:
    metrics = Metrics()
    cutter = Cutter(CutterOptions(max_tracks=20, max_height=64, max_seconds=0.6), metrics)
    kept: list[Tracklet] = []
    for time in clock(12.5, 1.3, start=0.0):
        crowd = [track(time, Box(n % 500, n % 300, n % 500 + 60, n % 300 + 150), n) for n in range(1, 1001)]
        kept += cutter.push(frame(time), crowd)
    kept += cutter.flush()
    assert {piece.id.track for piece in kept} == set(range(1, 21))
    assert max(len(piece.shots) for piece in kept) <= 8
    assert max(shot.crop.nbytes for piece in kept for shot in piece.shots) <= 64 * 64 * 3
    assert metrics.get("tracks_over_limit", camera="door") > 0


def test_room_for_new_tracks_is_made_when_old_ones_go() -> None:
    cutter = Cutter(CutterOptions(max_tracks=1))
    found: list[Tracklet] = []
    for time in clock(10.0, 2.0, start=0.0):
        found += cutter.push(frame(time), [track(time, number=1)])
    for time in clock(10.0, 4.0, start=2.0):
        found += cutter.push(frame(time), [track(time, number=2)])
    assert [piece.id.track for piece in found + cutter.flush()] == [1, 2]


def test_an_empty_cutter_has_nothing_to_give() -> None:
    cutter = Cutter(CutterOptions())
    assert cutter.flush() == []
    assert cutter.push(frame(0.0), []) == []
    assert cutter.flush() == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"max_seconds": 0}, "max_seconds: expected a number > 0"),
        ({"shots_per_second": -1}, "shots_per_second"),
        ({"best": 0}, "best"),
        ({"margin": 2}, "margin"),
        ({"min_seconds": 5.0}, r"expected min_seconds \(5\) below max_seconds \(4\)"),
        ({"min_shots": 51}, r"expected min_shots \(51\) of at most the 50 shots"),
        ({"max_hight": 9}, "did you mean 'max_height'"),
    ],
)
def test_wrong_options_are_told(options: dict[str, float], said: str) -> None:
    with pytest.raises(ConfigInvalid, match=said):
        convert_options(options, CutterOptions, where="site.yaml: cutter")
