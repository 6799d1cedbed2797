"""Capture times from timestamps, however bad they are; thinning and pacing by them."""

import time
from fractions import Fraction
from itertools import pairwise
from threading import Event, Timer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.sources.clock import LATEST_SECONDS, LEAST_STEP_SECONDS, ArrivalClock, MediaClock
from stream.sources.pace import Pacer, Thinner

MILLISECOND = Fraction(1, 1000)


def _seconds(stamps: list[int | None]) -> list[float]:
    clock = MediaClock(MILLISECOND, 0.04)
    return [clock.seconds(stamp) for stamp in stamps]


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        ([0, 40, 80], [0.0, 0.04, 0.08]),
        ([7000, 7040, 7100], [0.0, 0.04, 0.1]),  # counted from the first
        ([None, None, None], [0.0, 0.04, 0.08]),  # a raw stream has none: its average rate
        ([None, 0, 40], [0.0, 0.04, 0.08]),
        ([0, None, 80], [0.0, 0.04, 0.08]),
        ([0, 600_000, 600_040], [0.0, 600.0, 600.04]),  # recordings may pause
        ([0, 40, 90_000_000, 90_000_040], [0.0, 0.04, 0.08, 0.12]),  # but not for a day
        ([50_000, 50_040, 0, 40], [0.0, 0.04, 0.08, 0.12]),  # the camera began anew
        ([0, 40, 40, 80], [0.0, 0.04, 0.041, 0.08]),  # equal ones do not shift what follows
        ([0, 80, 40, 120], [0.0, 0.08, 0.081, 0.12]),
    ],
)
def test_seconds_since_the_first_picture(stamps: list[int | None], expected: list[float]) -> None:
    assert _seconds(stamps) == pytest.approx(expected)


@given(st.lists(st.none() | st.integers(-(2**62), 2**62) | st.integers(0, 10_000), min_size=2))
def test_seconds_go_up_whatever_the_stamps(stamps: list[int | None]) -> None:
    assert all(later - earlier >= LEAST_STEP_SECONDS * 0.99 for earlier, later in pairwise(_seconds(stamps)))


def test_a_stream_is_tied_to_the_wall_clock_by_its_least_delayed_picture() -> None:
    clock = ArrivalClock()
    # the first pictures waited in a buffer and come all at once; then each takes a tenth of a second
    assert clock.time(0.0, 1000.0) == 1000.0
    clock.time(1.0, 1000.1)
    clock.time(2.0, 1000.2)
    assert clock.time(3.0, 1001.2) == pytest.approx(1001.2)
    assert clock.time(4.0, 1002.3) == pytest.approx(1002.2)  # it was late, not captured late


def test_a_clock_that_falls_behind_is_tied_anew() -> None:
    clock = ArrivalClock()
    clock.time(0.0, 1000.0)
    late = 1001.0 + LATEST_SECONDS + 0.1
    assert clock.time(1.0, late) == pytest.approx(late)


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e6)), min_size=2))
def test_capture_times_go_up(steps: list[tuple[float, float]]) -> None:
    clock = ArrivalClock()
    times = [clock.time(seconds, 1e9 + arrival) for seconds, arrival in steps]
    assert all(earlier < later for earlier, later in pairwise(times))


def _kept(times: list[float], fps: float, step: float) -> list[float]:
    thinner = Thinner(fps, step)
    return [seconds for seconds in times if thinner.keeps(seconds)]


@pytest.mark.parametrize("fps", [1.0, 5.0, 7.0, 10.0, 12.5, 24.0])
def test_thinning_gives_the_rate_that_was_asked_for(fps: float) -> None:
    kept = _kept([index / 25 for index in range(25 * 20)], fps, 0.04)
    assert len(kept) == pytest.approx(20 * fps, abs=1)
    assert all(abs((later - earlier) * fps - 1) <= 0.04 * fps for earlier, later in pairwise(kept))


def test_thinning_by_time_and_not_by_count() -> None:
    # two seconds at 30 a second, then two at 10: a rate of 10 keeps a third of the first and all of the rest
    times = [index / 30 for index in range(60)] + [2 + index / 10 for index in range(20)]
    kept = _kept(times, 10.0, 1 / 30)
    assert len([seconds for seconds in kept if seconds < 2]) == 20
    assert len([seconds for seconds in kept if seconds >= 2]) == 20


def test_thinning_to_the_rate_of_the_stream_keeps_all_in_spite_of_jitter() -> None:
    times = [index * 0.04 + (0.015 if index % 3 else -0.015) * bool(index) for index in range(100)]
    assert _kept(times, 25.0, 0.04) == times


def test_thinning_to_more_than_there_is_keeps_all() -> None:
    times = [index * 0.1 for index in range(20)]
    assert _kept(times, 30.0, 0.1) == times


def test_after_a_gap_thinning_does_not_catch_up() -> None:
    assert len(_kept([0.0, *(100 + index / 25 for index in range(25))], 5.0, 0.04)) == 1 + 5


def test_pacing_waits_and_can_be_stopped() -> None:
    stop = Event()
    pacer = Pacer(stop)
    begin = time.monotonic()
    assert pacer.wait(10.0)  # the first goes at once, whatever its time
    assert pacer.wait(10.05)
    assert time.monotonic() - begin >= 0.05
    Timer(0.02, stop.set).start()
    assert not pacer.wait(60.0)


def test_pacing_lets_the_late_go_at_once() -> None:
    pacer = Pacer(Event())
    pacer.wait(0.0)
    time.sleep(0.05)
    begin = time.monotonic()
    assert all(pacer.wait(index * 0.01) for index in range(5))
    assert time.monotonic() - begin < 0.04
