"""When it is told that this machine is too slow for a camera."""

import pytest

from reid_core.records import CameraId
from stream.pipeline.overload import Overload

FPS = 10


def run(overload: Overload, begin: float, seconds: float, dropped_of_ten: int) -> None:
    for number in range(int(seconds * FPS)):
        overload.count(begin + number / FPS, dropped=number % 10 >= 10 - dropped_of_ten)


@pytest.mark.parametrize(("seconds", "dropped_of_ten"), [(300, 0), (300, 1), (9, 10)])
def test_nothing_for_a_few_frames_or_a_hiccup(
    seconds: float, dropped_of_ten: int, caplog: pytest.LogCaptureFixture
) -> None:
    overload = Overload(CameraId("door"))
    run(overload, 5000.0, seconds, dropped_of_ten)
    assert caplog.messages == []


def test_once_at_its_begin_and_once_at_its_end(caplog: pytest.LogCaptureFixture) -> None:
    overload = Overload(CameraId("door"))
    run(overload, 0.0, 100, 0)
    run(overload, 100.0, 300, 5)
    [begun] = caplog.messages
    assert begun.startswith("camera door: too slow here: ")
    run(overload, 400.0, 50, 0)
    assert len(caplog.messages) == 1, "a minute with many dropped frames is not over yet"
    run(overload, 450.0, 300, 0)
    assert caplog.messages[1:] == ["camera door: quick enough again: next to no frame is dropped any more"]
    run(overload, 1000.0, 30, 9)  # after a silence, as after a lost connection
    assert len(caplog.messages) == 3
    assert "camera door: too slow here: 90 of 101 frames" in caplog.messages[2]


def test_at_its_limit_it_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    overload = Overload(CameraId("door"))
    for minute in range(20):
        run(overload, 60.0 * minute, 60, 2 if minute % 2 else 1)
    assert len(caplog.messages) == 1
