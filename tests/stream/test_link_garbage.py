"""Random bytes on every socket that listens: counted, and nobody else is disturbed."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from random import Random

import pytest
import zmq

from stream.client import subscribe
from stream.link.addresses import LinkOptions
from stream.link.announcer import Announcer
from stream.link.inbox import Inbox
from stream.metrics import Metrics
from tests.fakes.store import MemoryStore
from tests.stream.event_log import grow
from tests.stream.link_ends import eventually, link_options

GREETING = b"\xff" + bytes(8) + b"\x7f"  # how every ZeroMQ peer begins


@pytest.fixture(params=["tcp", "ipc"])
def options(request: pytest.FixtureRequest, tmp_path: Path) -> LinkOptions:
    return link_options(request.param, tmp_path / "run")


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def announcer(options: LinkOptions, store: MemoryStore, metrics: Metrics) -> Iterator[Announcer]:
    with closing(Announcer(options, store, metrics)) as it:
        yield it


def raw(address: str) -> socket.socket:
    if address.startswith("ipc://"):
        it = socket.socket(socket.AF_UNIX)
        it.connect(address.removeprefix("ipc://"))
        return it
    host, _, port = address.removeprefix("tcp://").partition(":")
    return socket.create_connection((host, int(port)))


def shower(address: str, dice: Random) -> None:
    """Connections that speak no ZeroMQ, or only begin to."""
    with ExitStack() as stack:
        for turn in range(60):
            it = stack.enter_context(raw(address))
            it.settimeout(1)
            with suppress(OSError):  # cut off while we speak: well done
                it.sendall((GREETING if turn % 2 else b"") + dice.randbytes(dice.randrange(1, 4000)))


@pytest.mark.usefixtures("announcer")
def test_raw_garbage_on_lane_2(options: LinkOptions, store: MemoryStore, metrics: Metrics) -> None:
    dice = Random(5)
    shower(options.events, dice)
    shower(options.replay, dice)

    def counted(lane: str) -> float:
        names = ("handshakes_failed", "peers_lost", "messages_malformed", "messages_refused")
        return sum(metrics.get(name, lane=lane) for name in names)

    assert eventually(lambda: counted("events") > 0 and counted("replay") > 0)
    grow(store, 3)
    with subscribe(options.events, options.replay, since=0) as events:
        assert [next(events).sequence for _ in range(3)] == [1, 2, 3]


def test_raw_garbage_on_lane_1(options: LinkOptions, metrics: Metrics) -> None:
    with closing(Inbox(options, metrics)) as inbox:
        shower(options.tracklets, Random(6))
        assert eventually(lambda: inbox.receive(0.01) is None and metrics.total("handshakes_failed") > 0)


@pytest.mark.usefixtures("announcer")
def test_random_requests_for_replay(options: LinkOptions, store: MemoryStore, metrics: Metrics) -> None:
    dice = Random(7)
    good = b'{"after":0,"epoch":"x","limit":10}'
    with zmq.Context() as context, context.socket(zmq.DEALER) as stranger:
        stranger.setsockopt(zmq.LINGER, 0)
        stranger.connect(options.replay)
        for turn in range(10_000):
            if turn % 2:
                frames = [dice.randbytes(dice.randrange(64)) for _ in range(dice.randrange(1, 5))]
            else:
                mutated = bytearray(good)
                mutated[dice.randrange(len(good))] = dice.randrange(256)
                frames = [b"tag", bytes(mutated)]
            stranger.send_multipart(frames)
        names = ("messages_malformed", "messages_refused", "replays")
        assert eventually(lambda: sum(metrics.total(name) for name in names) == 10_000)
    assert metrics.get("messages_refused", lane="replay") > 3000
    grow(store, 2)
    with subscribe(options.events, options.replay, since=0) as events:
        assert [next(events).sequence for _ in range(2)] == [1, 2]


@pytest.mark.usefixtures("announcer")
def test_random_subscriptions(options: LinkOptions, store: MemoryStore, metrics: Metrics) -> None:
    dice = Random(8)
    with zmq.Context() as context, context.socket(zmq.XSUB) as stranger:
        stranger.setsockopt(zmq.LINGER, 0)
        stranger.setsockopt(zmq.SNDHWM, 0)  # drop nothing here
        stranger.connect(options.events)
        for _ in range(10_000):
            stranger.send_multipart([dice.randbytes(dice.randrange(64)) for _ in range(dice.randrange(1, 4))])
        assert eventually(lambda: metrics.get("messages_malformed", lane="events") > 5000)
        grow(store, 2)
        with subscribe(options.events, options.replay, since=0) as events:
            assert [next(events).sequence for _ in range(2)] == [1, 2]


@pytest.mark.usefixtures("announcer")
def test_a_bad_request_is_told_what_was_expected(options: LinkOptions) -> None:
    with zmq.Context() as context, context.socket(zmq.REQ) as plain:
        plain.setsockopt(zmq.LINGER, 0)
        plain.setsockopt(zmq.RCVTIMEO, 5000)
        plain.connect(options.replay)
        plain.send(b'{"after":"yesterday"}')
        [reply] = plain.recv_multipart()
    assert b"request for replay" in reply
    assert b"$.after" in reply
