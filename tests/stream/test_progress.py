"""How far recordings are."""

import json
from pathlib import Path
from threading import Event

import pytest

from stream.commands.progress import Bars, frames_in, tell_progress
from stream.metrics import Metrics
from tests.fakes.clips import write_clip, write_pictures


def test_the_length_of_a_recording_is_known_beforehand(tmp_path: Path) -> None:
    assert frames_in(write_clip(tmp_path / "clip.mp4", 30)) == 30
    assert frames_in(write_pictures(tmp_path / "pictures", 7)) == 7
    (tmp_path / "none.mp4").write_text("no video")
    assert frames_in(tmp_path / "none.mp4") is None


def test_what_the_worker_tells_moves_the_bars(capsys: pytest.CaptureFixture[str]) -> None:
    metrics, stop = Metrics(), Event()
    metrics.add("frames_received", 12, camera="door")
    thread = tell_progress(metrics, ["door", "hall"], stop)
    line = ""
    while not line:
        line = capsys.readouterr().out
    stop.set()
    thread.join(5)
    assert json.loads(line.splitlines()[0]) == {"frames": {"door": 12, "hall": 0}}
    bars = Bars({"door": 24, "hall": None})
    bars.hear(line.splitlines()[0])
    door, hall = bars.display.tasks
    assert (door.percentage, hall.total) == (50.0, None)
