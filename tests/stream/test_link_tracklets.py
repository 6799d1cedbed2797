"""Lane 1 over real sockets: nothing lost, whatever happens to either side."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, closing
from itertools import count
from pathlib import Path
from random import Random
from threading import Event, Thread
from time import sleep

import msgspec
import numpy as np
import pytest
import zmq

from reid_core.errors import ConfigInvalid
from stream.link.addresses import LinkOptions
from stream.link.inbox import Inbox
from stream.link.messages import unpack_answer
from stream.link.outbox import Outbox
from stream.link.spool import Spool
from stream.metrics import Metrics
from tests.stream.link_ends import eventually, free_tcp, link_options
from tests.stream.sightings import embedding

pytestmark = pytest.mark.parametrize("options", ["tcp", "ipc"], indirect=True)


@pytest.fixture
def options(request: pytest.FixtureRequest, tmp_path: Path) -> LinkOptions:
    return link_options(request.param, tmp_path / "run")


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with closing(Spool(tmp_path / "spool.db", 64 << 20)) as it:
        yield it


@pytest.fixture
def close_all() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


class Service(Thread):
    """Receives and acknowledges until it is told to stop."""

    def __init__(self, options: LinkOptions) -> None:
        super().__init__(daemon=True)
        self.metrics = Metrics()
        self.inbox = Inbox(options, self.metrics)
        self.received: list[int] = []
        self._over = Event()
        self.start()

    def run(self) -> None:
        with closing(self.inbox):
            while not self._over.is_set():
                if delivery := self.inbox.receive(0.02):
                    self.received.append(delivery.embedding.tracklet.track)
                    delivery.acknowledge()

    def close(self) -> None:
        self._over.set()
        self.join()


def start_outbox(spool: Spool, options: LinkOptions, metrics: Metrics, stack: ExitStack) -> Outbox:
    return stack.enter_context(closing(Outbox(spool, options, metrics)))


def start_service(options: LinkOptions, stack: ExitStack) -> Service:
    return stack.enter_context(closing(Service(options)))


def test_every_tracklet_arrives_once_and_in_order(
    options: LinkOptions, spool: Spool, metrics: Metrics, close_all: ExitStack
) -> None:
    service = start_service(options, close_all)
    outbox = start_outbox(spool, options, metrics, close_all)
    for track in range(300):
        outbox.put(embedding(track))
    assert outbox.drain(10)
    assert service.received == list(range(300))
    assert metrics.get("tracklets_acknowledged") == 300
    assert len(spool) == 0
    assert eventually(lambda: metrics.get("spool_tracklets") == 0)


def test_what_arrives_is_what_was_sent(
    options: LinkOptions, spool: Spool, metrics: Metrics, close_all: ExitStack
) -> None:
    sent = embedding(3, part=2, camera="hall", person=5, quality=0.5)
    inbox = close_all.enter_context(closing(Inbox(options, metrics)))
    start_outbox(spool, options, metrics, close_all).put(sent)
    delivery = inbox.receive(5)
    assert delivery is not None
    found = delivery.embedding
    assert (found.tracklet, found.begin, found.end, found.model) == (sent.tracklet, sent.begin, sent.end, sent.model)
    np.testing.assert_array_equal(found.fused, sent.fused)
    assert inbox.receive(0) is None


def test_a_service_that_comes_late_gets_everything(
    options: LinkOptions, spool: Spool, metrics: Metrics, close_all: ExitStack, caplog: pytest.LogCaptureFixture
) -> None:
    outbox = start_outbox(spool, options, metrics, close_all)
    with caplog.at_level(logging.WARNING):
        for track in range(50):
            outbox.put(embedding(track))
        assert not outbox.drain(0.1)
        assert eventually(lambda: "nobody takes tracklets there; they wait in the spool" in caplog.text)
        service = start_service(options, close_all)
        assert outbox.drain(10)
    assert service.received == list(range(50))
    told = [each.message for each in caplog.records]
    assert len(told) == 2
    assert told[1] == f"outbox: delivering to {options.tracklets}: works again"


def test_a_service_that_restarts_in_the_middle(
    options: LinkOptions, spool: Spool, metrics: Metrics, close_all: ExitStack
) -> None:
    outbox = start_outbox(spool, options, metrics, close_all)
    track = count()
    received: list[int] = []
    for _ in range(3):
        for _ in range(100):
            outbox.put(embedding(next(track)))
        with closing(Service(options)) as service:
            assert eventually(lambda: len(service.received) > 30)
        received += service.received
    service = start_service(options, close_all)
    assert outbox.drain(10)
    received += service.received
    assert sorted(set(received)) == list(range(300))


def test_a_worker_that_restarts_sends_what_its_spool_kept(
    options: LinkOptions, spool: Spool, metrics: Metrics, close_all: ExitStack
) -> None:
    with closing(Outbox(spool, options, metrics)) as first:
        for track in range(20):
            first.put(embedding(track))
    service = start_service(options, close_all)
    second = start_outbox(spool, options, metrics, close_all)
    second.put(embedding(20))
    assert second.drain(10)
    assert service.received == list(range(21))


def test_never_more_on_the_way_than_the_window(
    options: LinkOptions, spool: Spool, metrics: Metrics, close_all: ExitStack, tmp_path: Path
) -> None:
    options = link_options("ipc", tmp_path / "narrow", window=5, resend_seconds=60)
    inbox = close_all.enter_context(closing(Inbox(options, metrics)))
    outbox = start_outbox(spool, options, metrics, close_all)
    for track in range(20):
        outbox.put(embedding(track))
    first = [inbox.receive(5) for _ in range(5)]
    assert inbox.receive(0.1) is None
    for each in first[:2]:
        assert each is not None
        each.acknowledge()
    more = [inbox.receive(5) for _ in range(2)]
    assert [each.embedding.tracklet.track for each in first + more if each] == list(range(7))
    assert inbox.receive(0.1) is None


def test_lost_acknowledgements(options: LinkOptions, spool: Spool, metrics: Metrics, close_all: ExitStack) -> None:
    """A proxy between the two drops every third answer and every fifth tracklet."""
    front = free_tcp()
    service = start_service(options, close_all)
    proxy = close_all.enter_context(closing(Lossy(front, options.tracklets)))
    towards = LinkOptions(tracklets=front, resend_seconds=0.1, window=16)
    outbox = start_outbox(spool, towards, metrics, close_all)
    for track in range(100):
        outbox.put(embedding(track))
    assert outbox.drain(20)
    assert set(service.received) == set(range(100))
    assert proxy.dropped > 30
    assert metrics.get("tracklets_resent") > 0


class Lossy(Thread):
    def __init__(self, front: str, back: str) -> None:
        super().__init__(daemon=True)
        self.dropped = 0
        self._front, self._back = front, back
        self._over = Event()
        self.start()

    def run(self) -> None:
        with zmq.Context() as context, context.socket(zmq.ROUTER) as front, context.socket(zmq.DEALER) as back:
            front.bind(self._front)
            back.connect(self._back)
            poller = zmq.Poller()
            poller.register(front, zmq.POLLIN)
            poller.register(back, zmq.POLLIN)
            workers: dict[bytes, bytes] = {}  # tag -> who sent it
            turn = count()
            while not self._over.is_set():
                ready = dict(poller.poll(20))
                if front in ready:
                    worker, tag, body = front.recv_multipart()
                    workers[tag] = worker
                    if not self._loses(next(turn), 5):
                        back.send_multipart([tag, body])
                if back in ready:
                    answer = back.recv()
                    if not self._loses(next(turn), 3):
                        front.send_multipart([workers[unpack_answer(answer).tag], answer])

    def _loses(self, turn: int, each: int) -> bool:
        lost = turn % each == 0
        self.dropped += lost
        return lost

    def close(self) -> None:
        self._over.set()
        self.join()


def test_what_is_refused_is_dropped_counted_and_told(
    options: LinkOptions, spool: Spool, metrics: Metrics, close_all: ExitStack, caplog: pytest.LogCaptureFixture
) -> None:
    inbox = close_all.enter_context(closing(Inbox(options, metrics)))
    with caplog.at_level(logging.WARNING):
        outbox = start_outbox(spool, options, metrics, close_all)
        outbox.put(embedding(1))
        delivery = inbox.receive(5)
        assert delivery is not None
        delivery.refuse("vectors of another model\nsecond line")
        assert outbox.drain(5)
    assert metrics.get("tracklets_refused") == 1
    [record] = [each for each in caplog.records if "refused" in each.message]
    assert "door/boot/1/0" in record.message
    assert "vectors of another model?second line" in record.message


def test_another_version_is_refused_with_the_reason(
    options: LinkOptions, spool: Spool, metrics: Metrics, close_all: ExitStack, caplog: pytest.LogCaptureFixture
) -> None:
    service = start_service(options, close_all)
    outbox = start_outbox(spool, options, metrics, close_all)
    with caplog.at_level(logging.WARNING):
        # as an outbox of a later release would have left it in the spool
        spool.put("door/boot/9/0", msgspec.msgpack.encode(["restride.embedding", 99, "unheard of"]))
        outbox.put(embedding(1))
        assert outbox.drain(5)
    assert service.received == [1]
    assert "version 99" in caplog.text
    assert "same restride on both sides" in caplog.text
    assert service.metrics.get("messages_refused", lane="tracklets") == 1


def test_a_full_spool_drops_the_oldest_and_counts(
    options: LinkOptions, metrics: Metrics, close_all: ExitStack, tmp_path: Path
) -> None:
    spool = close_all.enter_context(closing(Spool(tmp_path / "small.db", 2 << 20)))
    outbox = start_outbox(spool, options, metrics, close_all)
    vector = np.full(8192, 1 / np.sqrt(8192), dtype=np.float32)
    for track in range(100):
        outbox.put(embedding(track, vector=vector))
    dropped = int(metrics.get("tracklets_dropped", reason="spool_full"))
    assert 30 < dropped < 70
    service = start_service(options, close_all)
    assert outbox.drain(10)
    assert service.received == list(range(dropped, 100))


def test_a_spool_that_fails_is_counted_and_nobody_waits(
    options: LinkOptions, metrics: Metrics, close_all: ExitStack, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool = Spool(tmp_path / "spool.db", 2 << 20)
    outbox = start_outbox(spool, options, metrics, close_all)
    spool.close()
    with caplog.at_level(logging.WARNING):
        for track in range(5):
            outbox.put(embedding(track))
    assert metrics.get("tracklets_dropped", reason="spool_failed") == 5
    assert caplog.text.count("writing to the spool") == 1


def test_a_spool_that_is_begun_anew_goes_on(
    options: LinkOptions, spool: Spool, metrics: Metrics, close_all: ExitStack
) -> None:
    outbox = start_outbox(spool, options, metrics, close_all)
    service = start_service(options, close_all)
    for track in range(20):
        outbox.put(embedding(track))
    assert outbox.drain(5)
    spool._db.execute("DELETE FROM sqlite_sequence")  # a new file counts from 1 again
    outbox.put(embedding(20))
    assert outbox.drain(5)
    assert service.received == list(range(21))


def test_random_and_oversized_messages_are_counted_and_harm_nobody(
    options: LinkOptions, spool: Spool, metrics: Metrics, close_all: ExitStack
) -> None:
    service = start_service(options, close_all)
    outbox = start_outbox(spool, options, metrics, close_all)
    dice = Random(3)
    with zmq.Context() as context, context.socket(zmq.DEALER) as stranger:
        stranger.setsockopt(zmq.LINGER, 0)
        stranger.connect(options.tracklets)
        for _ in range(10_000):
            stranger.send_multipart([dice.randbytes(dice.randrange(64)) for _ in range(dice.randrange(1, 5))])
        stranger.send_multipart([b"tag", bytes((1 << 20) + 1)])  # refused with a reason
        stranger.send_multipart([b"t" * 5000, b"a tag that is too long"])
        stranger.send_multipart([b"tag", bytes(3 << 20)])  # cut off
        outbox.put(embedding(1))

        def counted() -> float:
            return service.metrics.total("messages_malformed") + service.metrics.total("messages_refused")

        assert eventually(lambda: counted() >= 10_002)
        assert eventually(lambda: service.metrics.get("peers_lost", lane="tracklets") > 0)
    assert outbox.drain(5)
    assert service.received == [1]
    assert counted() == 10_002


def test_a_peer_that_never_reads_its_answers_holds_up_nobody(
    options: LinkOptions, spool: Spool, metrics: Metrics, close_all: ExitStack
) -> None:
    service = start_service(options, close_all)
    with zmq.Context() as context, context.socket(zmq.DEALER) as deaf:
        deaf.setsockopt(zmq.RCVHWM, 1)
        deaf.setsockopt(zmq.LINGER, 0)
        deaf.connect(options.tracklets)
        for _ in range(5000):
            deaf.send_multipart([b"t" * 1000, b"junk"])
        outbox = start_outbox(spool, options, metrics, close_all)
        outbox.put(embedding(1))
        assert outbox.drain(10)
    assert service.received == [1]


def test_a_service_that_answers_nonsense(
    options: LinkOptions, spool: Spool, metrics: Metrics, close_all: ExitStack
) -> None:
    dice = Random(4)
    with zmq.Context() as context, context.socket(zmq.ROUTER) as stranger:
        Path(options.tracklets.removeprefix("ipc://")).parent.mkdir(exist_ok=True)
        stranger.bind(options.tracklets)
        outbox = start_outbox(spool, options, metrics, close_all)
        outbox.put(embedding(1))
        worker, _, _ = stranger.recv_multipart()
        for _ in range(500):
            stranger.send_multipart([worker, *(dice.randbytes(20) for _ in range(dice.randrange(1, 3)))])
        assert eventually(lambda: metrics.get("answers_malformed") == 500)
    assert len(spool) == 1
    service = start_service(options, close_all)
    assert outbox.drain(10)
    assert service.received == [1]


def test_answering_a_peer_that_has_gone(options: LinkOptions, spool: Spool, metrics: Metrics) -> None:
    with closing(Inbox(options, metrics)) as inbox:
        with closing(Outbox(spool, options, metrics)) as outbox:
            outbox.put(embedding(1))
            delivery = inbox.receive(5)
            assert delivery is not None
        sleep(0.05)
        delivery.acknowledge()
        delivery.refuse("too late")
    assert len(spool) == 1


def test_closing_is_quick_while_nobody_is_there(options: LinkOptions, spool: Spool, metrics: Metrics) -> None:
    outbox = Outbox(spool, options, metrics)
    for track in range(10):
        outbox.put(embedding(track))
    outbox.close()
    outbox.close()
    assert len(spool) == 10


def test_an_address_in_use(options: LinkOptions, metrics: Metrics, close_all: ExitStack) -> None:
    close_all.enter_context(closing(Inbox(options, metrics)))
    with pytest.raises(ConfigInvalid, match=rf"tracklets: {options.tracklets} is in use already; .*`tracklets`"):
        Inbox(options, metrics)
