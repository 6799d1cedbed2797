"""A camera that falls is taken up again, one that cannot work is stopped, and neither takes others along."""

import logging
import time
from collections.abc import Callable

import pytest

from reid_core.errors import RecordInvalid, RestrideError, SourceInvalid, SourceUnavailable
from reid_core.records import CameraId
from stream.metrics import Metrics
from stream.pipeline import supervisor
from stream.pipeline.supervisor import CameraState, Supervisor

DOOR = CameraId("door")


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(supervisor, "LONGEST_PAUSE_SECONDS", 0.02)


def script(*steps: Exception | None) -> Callable[[], None]:
    """Each call does the next step: raises it, or ends well."""
    left = list(steps)

    def watch_once() -> None:
        step = left.pop(0)
        if step is not None:
            raise step

    return watch_once


def run(watch_once: Callable[[], None], *, live: bool) -> tuple[Supervisor, Metrics]:
    metrics = Metrics()
    camera = Supervisor(DOOR, watch_once, metrics, live=live)
    camera.start()
    return camera, metrics


def test_a_clip_that_ends_has_ended() -> None:
    camera, metrics = run(script(None), live=False)
    assert camera.join(5)
    assert camera.state is CameraState.ENDED
    assert metrics.total("camera_retries") == 0


@pytest.mark.parametrize("error", [SourceUnavailable("no route"), ValueError("a fault")])
def test_what_may_pass_is_tried_again(error: Exception) -> None:
    camera, metrics = run(script(error, error, error, None), live=False)
    assert camera.join(5)
    assert camera.state is CameraState.ENDED
    assert metrics.get("camera_retries", camera="door") == 3


def test_what_cannot_pass_stops_the_camera(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("restride").propagate = True
    camera, metrics = run(script(SourceInvalid("no such file: x.mp4")), live=True)
    assert camera.join(5)
    assert camera.state is CameraState.FAILED
    assert metrics.total("camera_retries") == 0
    [record] = caplog.records
    assert record.getMessage() == "camera door: no such file: x.mp4; the camera is stopped"


def test_a_fault_of_ours_shows_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("restride").propagate = True
    camera, _ = run(script(ZeroDivisionError(), None), live=False)
    assert camera.join(5)
    assert "a fault in restride" in caplog.text
    assert "Traceback" not in caplog.text


def test_a_camera_is_tried_again_until_it_is_stopped() -> None:
    calls: list[float] = []

    def watch_once() -> None:
        calls.append(time.monotonic())
        raise SourceUnavailable("away")

    camera, metrics = run(watch_once, live=True)
    while len(calls) < 4:
        time.sleep(0.005)
    camera.stop()
    assert camera.join(5)
    assert camera.state is CameraState.ENDED
    assert metrics.get("camera_retries", camera="door") >= 3


@pytest.mark.parametrize(("live", "state"), [(True, CameraState.ENDED), (False, CameraState.FAILED)])
def test_a_bad_record_ends_a_connection_but_not_a_live_camera(live: bool, state: CameraState) -> None:
    steps: list[RestrideError | None] = [RecordInvalid("a box without width")]
    camera, metrics = run(script(*steps, *[SourceUnavailable("away")] * 200), live=live)
    while live and metrics.total("camera_retries") < 2:
        time.sleep(0.005)
    camera.stop()
    assert camera.join(5)
    assert camera.state is state


def test_the_same_trouble_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("restride").propagate = True
    refused, late = SourceUnavailable("camera door: refused"), SourceUnavailable("camera door: no answer")
    camera, _ = run(script(refused, refused, refused, late, late, None), live=True)
    assert camera.join(5)
    told = [record.getMessage() for record in caplog.records]
    assert told == ["camera door: refused; will try again", "camera door: no answer; will try again"]
