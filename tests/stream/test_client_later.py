"""subscribe() before a service that says what this version does not know, or what nobody can read."""

import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest
import zmq

from reid_core.records import IdentityEvent
from reid_core.wire import SCHEMA, event_to_json
from stream.client import Position, Subscription, subscribe
from stream.link.addresses import LinkOptions
from stream.link.messages import HEARTBEAT, ReplayReply, pack_header, pack_reply, unpack_request
from tests.fakes.store import MemoryStore
from tests.stream.event_log import grow
from tests.stream.link_ends import link_options

EPOCH = "log-1"
Damage = Callable[[bytes], bytes]


def later_type(body: bytes) -> bytes:
    return body.replace(b"reid.identity.matched", b"reid.identity.vanished")


def later_verdict(body: bytes) -> bytes:
    return body.replace(b'"verdict":"new"', b'"verdict":"perhaps"')


def later_shape(body: bytes) -> bytes:
    """Of a type that is about no tracklet."""
    return later_type(body).replace(b'"tracklet"', b'"person"')


def of_another_log(body: bytes) -> bytes:
    return body.replace(EPOCH.encode(), b"log-9")


def garbage(body: bytes) -> bytes:
    return b"{" + body[:40]


DAMAGES = [later_type, later_verdict, later_shape, of_another_log, garbage]
every_damage = pytest.mark.parametrize("damage", DAMAGES)


class Service:
    """Publishes and replays bodies as they are given to it, over real sockets."""

    def __init__(self, options: LinkOptions) -> None:
        self.bodies: list[bytes] = []
        self.asked = 0
        self._stop = Event()
        self._context = zmq.Context()
        self._context.linger = 0
        self._pub = self._context.socket(zmq.XPUB)
        self._pub.bind(options.events)
        self._router = self._context.socket(zmq.ROUTER)
        self._router.bind(options.replay)
        self._published = 0
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._context.term()

    def _run(self) -> None:
        with closing(self._pub), closing(self._router):
            self._serve()

    def _serve(self) -> None:
        while not self._stop.is_set():
            while self._router.poll(5):
                self._answer()
            while self._published < len(self.bodies):
                self._published += 1
                header = pack_header(EPOCH, self._published)
                self._pub.send_multipart([b"reid.identity.new", header, self.bodies[self._published - 1]])
            self._pub.send_multipart([HEARTBEAT, pack_header(EPOCH, self._published), b""])

    def _answer(self) -> None:
        peer, tag, body = self._router.recv_multipart()
        self.asked += 1
        request = unpack_request(body)
        reply = pack_reply(ReplayReply(SCHEMA, EPOCH, len(self.bodies)))
        self._router.send_multipart([peer, tag, reply, *self.bodies[request.after : request.after + request.limit]])


@pytest.fixture
def options(tmp_path: Path) -> LinkOptions:
    return link_options("tcp", tmp_path)


@pytest.fixture
def service(options: LinkOptions) -> Iterator[Service]:
    with closing(Service(options)) as it:
        yield it


@pytest.fixture
def events() -> list[IdentityEvent]:
    store = MemoryStore(EPOCH)
    grow(store, 6)
    return store.events(0, 10)


@contextmanager
def follow(options: LinkOptions, since: int | Position | None = 0) -> Iterator[Subscription]:
    with subscribe(options.events, options.replay, since=since, timeout_seconds=0.4) as subscription:
        yield subscription


def bodies(events: list[IdentityEvent], damage: Damage, *damaged: int) -> list[bytes]:
    told = [event_to_json(event) for event in events]
    return [damage(body) if number in damaged else body for number, body in enumerate(told, 1)]


@every_damage
@pytest.mark.parametrize("damaged", [(1,), (2, 3, 6), (1, 2, 3, 4, 5, 6)])
def test_in_the_log(
    damage: Damage,
    damaged: tuple[int, ...],
    options: LinkOptions,
    service: Service,
    events: list[IdentityEvent],
    caplog: pytest.LogCaptureFixture,
) -> None:
    service.bodies = bodies(events, damage, *damaged)
    with follow(options) as subscription, caplog.at_level(logging.WARNING):
        assert list(subscription) == [each for each in events if each.sequence not in damaged]
        assert subscription.position == Position(EPOCH, 6)
        assert subscription.stepped_over == len(damaged)
    [line] = caplog.messages
    assert f"stepping over number {damaged[0]}" in line
    assert service.asked <= 2


@every_damage
def test_as_it_is_published(
    damage: Damage, options: LinkOptions, service: Service, events: list[IdentityEvent]
) -> None:
    with follow(options, since=None) as subscription:
        for body in bodies(events, damage, 2, 6):
            service.bodies.append(body)
        assert list(subscription) == [each for each in events if each.sequence not in {2, 6}]
        assert subscription.position == Position(EPOCH, 6)
        assert subscription.stepped_over == 2
        asked = service.asked
        assert list(subscription) == []
        assert service.asked == asked, "it is over with it"


def test_the_position_goes_on_behind_it(options: LinkOptions, service: Service, events: list[IdentityEvent]) -> None:
    service.bodies = bodies(events, later_type, 6)
    with follow(options) as subscription:
        list(subscription)
        position = subscription.position
    with follow(options, since=position) as again:
        assert list(again) == []
        assert again.stepped_over == 0
