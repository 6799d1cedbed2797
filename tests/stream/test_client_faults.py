"""subscribe() when nobody is there, when it is closed, and when it is given what cannot be."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread
from time import sleep

import pytest
import zmq

from reid_core.errors import ConfigInvalid, LinkUnavailable, RecordInvalid
from reid_core.records import IdentityEvent
from stream.client import subscribe
from stream.link.addresses import LinkOptions
from stream.link.announcer import Announcer
from stream.metrics import Metrics
from tests.fakes.store import MemoryStore
from tests.stream.event_log import grow
from tests.stream.link_ends import eventually, link_options


@pytest.fixture(params=["tcp", "ipc"])
def options(request: pytest.FixtureRequest, tmp_path: Path) -> LinkOptions:
    return link_options(request.param, tmp_path / "run")


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore("log-1")


@pytest.fixture
def announcer(options: LinkOptions, store: MemoryStore) -> Iterator[Announcer]:
    with closing(Announcer(options, store, Metrics())) as it:
        yield it


@pytest.mark.usefixtures("announcer")
def test_closing_from_another_thread_ends_the_loop(options: LinkOptions) -> None:
    events = subscribe(options.events, options.replay)
    found: list[IdentityEvent] = []
    thread = Thread(target=lambda: found.extend(events))
    thread.start()
    assert eventually(lambda: events.position is not None)
    events.close()
    thread.join(5)
    assert not thread.is_alive()
    assert found == []
    assert list(events) == []
    events.close()


def test_closing_while_nobody_is_there(options: LinkOptions) -> None:
    events = subscribe(options.events, options.replay, connect_seconds=None)
    thread = Thread(target=lambda: list(events))
    thread.start()
    sleep(0.1)
    events.close()
    thread.join(5)
    assert not thread.is_alive()


def test_nobody_there(options: LinkOptions) -> None:
    expected = rf"events: nobody answers at {options.events} .*is `restride run` or `restride identity` running"
    with pytest.raises(LinkUnavailable, match=expected):
        next(subscribe(options.events, options.replay, connect_seconds=0.1))
    with (
        pytest.raises(LinkUnavailable, match="events: nobody answers"),
        subscribe(options.events, options.replay, connect_seconds=0.1),
    ):
        pass


@pytest.mark.usefixtures("announcer")
def test_the_replay_address_is_forgotten(options: LinkOptions, tmp_path: Path) -> None:
    elsewhere = link_options("ipc", tmp_path / "elsewhere").replay
    with pytest.raises(LinkUnavailable, match=rf"replay: nobody answers at {elsewhere} .*its `replay` address"):
        subscribe(options.events, elsewhere, connect_seconds=0.5).connect()


def test_a_publisher_of_another_schema(options: LinkOptions) -> None:
    with zmq.Context() as context, context.socket(zmq.PUB) as other:
        Path(options.events.removeprefix("ipc://")).parent.mkdir(exist_ok=True)
        other.bind(options.events)
        header = b'{"schema":"urn:restride:event:9","epoch":"e","sequence":1}'

        def feed() -> None:
            for _ in range(50):
                other.send_multipart([b"reid.heartbeat", header, b""])
                sleep(0.01)

        events = subscribe(options.events, options.replay, connect_seconds=5)
        feeding = Thread(target=feed)
        feeding.start()
        with pytest.raises(RecordInvalid, match=r"urn:restride:event:9.*same restride on both sides"):
            events.connect()
        feeding.join()
        events.close()


def test_what_cannot_be_understood_leads_to_a_question_not_to_a_crash(
    options: LinkOptions, store: MemoryStore, announcer: Announcer
) -> None:
    with subscribe(options.events, options.replay, since=0) as events:
        grow(store, 2)
        announcer.wake()
        assert [next(events).sequence for _ in range(2)] == [1, 2]
        for frames in ([b""], [b"a", b"b", b"c"], [b"a", b"{}", b""], [b"reid.identity.seen", HEADER, b"no event"]):
            assert not events._follows(frames)
        grow(store, 1)
        assert next(events).sequence == 3


HEADER = b'{"schema":"urn:restride:event:1","epoch":"log-1","sequence":3}'


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"types": ["reid.identity.vanished"]}, "types: .*reid.identity.vanished.*known: reid.identity.created"),
        ({"since": -1}, "since: expected 0 or more, found -1"),
        ({"events": "localhost:7762"}, "events: 'localhost:7762' is no address; expected tcp://host:port"),
        ({"replay": "tcp://localhost"}, "replay: 'tcp://localhost' is no address"),
    ],
)
def test_arguments_that_cannot_be(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigInvalid, match=message):
        subscribe(**arguments)  # type: ignore[arg-type]


def test_importing_it_is_light() -> None:
    lines = (
        "import sys, stream.client; print([m for m in ('torch', 'cv2', 'faiss', 'av', 'redis') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
