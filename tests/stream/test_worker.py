"""The end of a worker, its begin beside one that has not ended yet, and what it says of its losses."""

import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from threading import Event, Timer

import pytest

from reid_core.records import CameraId, Epoch, Tracklet, TrackletEmbedding, TrackletId, TrackNumber
from stream import worker
from stream.link.spool import SpoolInUse
from stream.metrics import Metrics
from stream.pipeline.embedder import Embedder
from stream.settings import Settings
from stream.worker import Deadline, losses_told, open_spool, wait_until

HOLDER = """
import sys
from pathlib import Path
from stream.link.spool import Spool

spool = Spool(Path(sys.argv[1]), 64 << 20)
print("held", flush=True)
sys.stdin.read()
"""


class Holder:
    """A process that has the spool until its end is asked for."""

    def __init__(self, state: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(state / "spool.db")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "held\n"

    def end(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


def test_a_spool_that_is_about_to_be_free_is_waited_for(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    holder = Holder(tmp_path)
    ending = Timer(1.2, holder.end)
    ending.start()
    with closing(open_spool(Settings(state=str(tmp_path)), Event())) as spool:
        assert spool.put("a", b"body") == 0
    ending.join()
    assert caplog.messages == [f"another worker has the spool in {tmp_path}; waiting up to 15 s for it to end"]


def test_a_spool_that_stays_in_use_is_refused_in_the_end(tmp_path: Path) -> None:
    holder = Holder(tmp_path)
    with pytest.raises(SpoolInUse, match="another process uses it; end that one, or give each worker"):
        open_spool(Settings(state=str(tmp_path)), Event(), patience_seconds=0.1)
    holder.end()


def test_told_to_stop_nobody_waits_for_a_spool(tmp_path: Path) -> None:
    holder = Holder(tmp_path)
    stop = Event()
    stop.set()
    with pytest.raises(SpoolInUse):
        open_spool(Settings(state=str(tmp_path)), stop, patience_seconds=3600.0)
    holder.end()


class Slow:
    """Embeds nothing, and takes its time for it."""

    def __init__(self) -> None:
        self.go = Event()

    def embed(self, tracklets: Sequence[Tracklet]) -> list[TrackletEmbedding | None]:
        self.go.wait(30)
        return [None] * len(tracklets)


def test_told_to_stop_while_it_embeds_the_last_it_hurries(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(worker, "CLOSE_SECONDS", 0.1)
    branch, stop, metrics = Slow(), Event(), Metrics()
    embedder = Embedder(lambda: branch, lambda _: None, metrics, batch=1)
    embedder.start()
    for number in range(5):
        embedder.put(
            Tracklet(TrackletId(CameraId("door"), Epoch("e"), TrackNumber(number), 0), (), 0.0, 1.0), wait=True
        )
    order = Timer(0.7, stop.set)
    order.start()
    begin = time.monotonic()
    with caplog.at_level("INFO"), losses_told(metrics):
        assert not wait_until(embedder.finish, Deadline(stop), "embed the last tracklets")
        assert stop.is_set(), "it waits for as long as nobody tells it to stop"
        assert time.monotonic() - begin < 10.0
        Timer(0.1, branch.go.set).start()
        embedder.close()
    assert caplog.messages == [
        "waiting to embed the last tracklets",
        "of 0 frames received 0 were dropped; tracklets: 0 embedded, 4 dropped, 0 refused",
    ]


def test_not_told_to_stop_it_takes_the_time_that_it_takes() -> None:
    answers = iter([False, False, True])
    deadline = Deadline(Event())
    assert wait_until(lambda _: next(answers), deadline, "be done")
    assert deadline.left() == float("inf")


def test_losses_are_told_at_the_end_whatever_ended_it(caplog: pytest.LogCaptureFixture) -> None:
    metrics = Metrics()
    metrics.add("frames_received", 100, camera="door")
    metrics.add("frames_received", 100, camera="hall")
    metrics.add("tracklets_embedded", 7, camera="hall")
    with losses_told(metrics):
        pass
    assert caplog.messages == [], "nothing was lost"
    metrics.add("frames_dropped", 30, camera="hall")
    metrics.add("tracklets_dropped", 2, reason="spool_full")
    metrics.add("tracklets_refused", camera="door")
    with pytest.raises(ZeroDivisionError), losses_told(metrics):
        raise ZeroDivisionError
    assert caplog.messages == ["of 200 frames received 30 were dropped; tracklets: 7 embedded, 2 dropped, 1 refused"]
