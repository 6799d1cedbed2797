"""Tracklets become embeddings in batches; a full queue, a bad clip, an absent device harm as little as can be."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Event, Thread

import numpy as np
import pytest

from reid_core.errors import CheckpointInvalid, DeviceUnavailable, RecordInvalid
from reid_core.records import CameraId, Cue, Epoch, ModelId, Tracklet, TrackletEmbedding, TrackletId, TrackNumber
from reid_core.wire import pack_embedding
from stream.metrics import Metrics
from stream.pipeline.embedder import Embedder


def tracklet(number: int, camera: str = "door") -> Tracklet:
    return Tracklet(TrackletId(CameraId(camera), Epoch("e"), TrackNumber(number), 0), (), 0.0, 1.0)


class Stamp:
    """Embeds everything but what it is told to refuse; waits for `go`."""

    def __init__(self, refuse: Sequence[int] = (), away: int = 0) -> None:
        self.go = Event()
        self.batches: list[list[int]] = []
        self._refuse = refuse
        self._away = away

    def embed(self, tracklets: Sequence[Tracklet]) -> list[TrackletEmbedding | None]:
        self.batches.append([each.id.track for each in tracklets])
        self.go.wait(5)
        if self._away:
            self._away -= 1
            raise DeviceUnavailable("out of memory")
        for each in tracklets:
            if each.id.track in self._refuse:
                raise RecordInvalid(f"cannot look at {each.id}")
        return [None if each.id.track == 99 else self._one(each) for each in tracklets]

    def _one(self, each: Tracklet) -> TrackletEmbedding:
        cue = Cue(np.array([1.0], np.float32))
        model = ModelId("stamp", "1", "0")
        return TrackletEmbedding(each.id, each.begin, each.end, "stamp", model, {"fused": cue}, 1.0, 1)


class Bench:
    def __init__(self, branch: Stamp, size: int = 64, batch: int = 16) -> None:
        self.branch = branch
        self.metrics = Metrics()
        self.delivered: list[int] = []
        self.embedder = Embedder(
            lambda: branch,
            lambda embedding: self.delivered.append(embedding.tracklet.track),
            self.metrics,
            size=size,
            batch=batch,
            retry_seconds=0.01,
        )
        self.embedder.start()

    def until(self, what: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 5
        while not what():
            assert time.monotonic() < deadline
            time.sleep(0.002)


def test_all_are_delivered_in_order_and_what_waited_goes_together() -> None:
    bench = Bench(Stamp(), batch=8)
    bench.embedder.put(tracklet(0), wait=True)
    bench.until(lambda: bool(bench.branch.batches))
    for number in range(1, 12):
        bench.embedder.put(tracklet(number, f"camera{number}"), wait=True)
    bench.branch.go.set()
    assert bench.embedder.finish(5.0)
    assert bench.delivered == list(range(12))
    assert bench.branch.batches == [[0], list(range(1, 9)), [9, 10, 11]]
    assert bench.metrics.total("tracklets_embedded") == 12


def test_a_live_camera_never_waits_and_the_oldest_is_forgotten() -> None:
    bench = Bench(Stamp(), size=2)
    bench.embedder.put(tracklet(0), wait=False)
    bench.until(lambda: bool(bench.branch.batches))
    for number in range(1, 6):
        bench.embedder.put(tracklet(number), wait=False)
    bench.branch.go.set()
    assert bench.embedder.finish(5.0)
    assert bench.delivered == [0, 4, 5]
    assert bench.metrics.get("tracklets_dropped", camera="door") == 3


def test_a_recording_waits_and_loses_nothing() -> None:
    bench = Bench(Stamp(), size=2, batch=1)

    def send() -> None:
        for number in range(20):
            bench.embedder.put(tracklet(number), wait=True)

    sender = Thread(target=send)
    sender.start()
    time.sleep(0.05)
    assert sender.is_alive(), "it should be waiting for room"
    bench.branch.go.set()
    sender.join(5)
    assert bench.embedder.finish(5.0)
    assert bench.delivered == list(range(20))


def test_a_clip_that_is_refused_harms_itself_only() -> None:
    bench = Bench(Stamp(refuse=[2]))
    bench.embedder.put(tracklet(0), wait=True)
    bench.until(lambda: bool(bench.branch.batches))
    for number in (1, 2, 3):
        bench.embedder.put(tracklet(number), wait=True)
    bench.branch.go.set()
    assert bench.embedder.finish(5.0)
    assert bench.delivered == [0, 1, 3]
    assert bench.metrics.get("tracklets_refused", camera="door") == 1


def test_an_embedding_that_cannot_travel_harms_itself_only(caplog: pytest.LogCaptureFixture) -> None:
    branch, metrics = Stamp(), Metrics()
    delivered: list[int] = []
    branch.go.set()

    def deliver(embedding: TrackletEmbedding) -> None:
        odd = replace(embedding, branch="st\namp") if embedding.tracklet.track == 2 else embedding
        pack_embedding(odd)  # as the outbox does
        delivered.append(embedding.tracklet.track)

    embedder = Embedder(lambda: branch, deliver, metrics)
    embedder.start()
    for number in (1, 2, 3):
        embedder.put(tracklet(number), wait=True)
    assert embedder.finish(5.0)
    embedder.check()
    assert delivered == [1, 3]
    assert metrics.get("tracklets_refused", camera="door") == 1
    assert metrics.get("tracklets_embedded", camera="door") == 2
    assert "tracklet door/e/2/0 cannot be embedded: embedding: a name with control characters" in caplog.text


def test_what_the_branch_cannot_see_is_counted() -> None:
    bench = Bench(Stamp())
    bench.branch.go.set()
    bench.embedder.put(tracklet(99), wait=True)
    assert bench.embedder.finish(5.0)
    assert bench.delivered == []
    assert bench.metrics.get("tracklets_unseen", camera="door") == 1


def test_an_absent_device_is_waited_for() -> None:
    bench = Bench(Stamp(away=3))
    bench.branch.go.set()
    bench.embedder.put(tracklet(1), wait=True)
    assert bench.embedder.finish(5.0)
    assert bench.delivered == [1]
    assert len(bench.branch.batches) == 4


def test_a_branch_that_cannot_be_made_is_told_at_the_start() -> None:
    def broken() -> Stamp:
        raise CheckpointInvalid("weights.safetensors: no such file")

    embedder = Embedder(broken, lambda _: None, Metrics())
    with pytest.raises(CheckpointInvalid, match="no such file"):
        embedder.start()
