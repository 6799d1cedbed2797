"""subscribe() over real sockets: the same list for everybody, whatever is dropped, cut or restarted."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from threading import Event, Thread
from time import sleep

import pytest

from reid_core.errors import LinkUnavailable
from reid_core.records import EventType, IdentityEvent
from stream.client import Position, Subscription, subscribe
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


def follow(options: LinkOptions, since: int | Position | None = 0, seconds: float | None = 10.0) -> Subscription:
    return subscribe(options.events, options.replay, since=since, timeout_seconds=seconds)


def numbers(events: list[IdentityEvent]) -> list[int]:
    return [each.sequence for each in events]


def take(events: Subscription, count: int) -> list[int]:
    return [next(events).sequence for _ in range(count)]


def test_everything_from_the_beginning(options: LinkOptions, store: MemoryStore, announcer: Announcer) -> None:
    grow(store, 1200)  # more than one reply holds
    with follow(options) as events:
        found = [next(events) for _ in range(1200)]
        assert found == store.events(0, 1200)
        grow(store, 5)
        announcer.wake()
        assert take(events, 5) == list(range(1201, 1206))


def test_only_what_comes_from_now_on(options: LinkOptions, store: MemoryStore, announcer: Announcer) -> None:
    grow(store, 10)
    announcer.wake()
    with follow(options, since=None) as events:
        assert events.position == Position("log-1", 10)
        grow(store, 3)
        announcer.wake()
        assert take(events, 3) == [11, 12, 13]


def test_a_plain_loop_ends_after_a_silence(options: LinkOptions, store: MemoryStore, announcer: Announcer) -> None:
    grow(store, 3)
    assert [event.sequence for event in follow(options, seconds=0.2)] == [1, 2, 3]
    assert announcer.events_address == options.events


@pytest.mark.usefixtures("announcer")
def test_commits_of_other_services_appear_without_a_wake(options: LinkOptions, store: MemoryStore) -> None:
    with follow(options) as events:
        grow(store, 2)
        assert take(events, 2) == [1, 2]


@pytest.mark.usefixtures("announcer")
def test_going_on_from_a_position(options: LinkOptions, store: MemoryStore) -> None:
    grow(store, 10)
    with follow(options) as events:
        take(events, 4)
        position = events.position
    assert position == ("log-1", 4)
    with follow(options, since=position) as events:
        assert take(events, 6) == list(range(5, 11))


@pytest.mark.usefixtures("announcer")
def test_a_position_in_another_log_begins_anew(options: LinkOptions, store: MemoryStore) -> None:
    grow(store, 3)
    with follow(options, since=Position("a log that was thrown away", 70)) as events:
        assert take(events, 3) == [1, 2, 3]


def test_filters_do_not_look_like_gaps(options: LinkOptions, store: MemoryStore, announcer: Announcer) -> None:
    metrics = Metrics()
    announcer.close()
    with closing(Announcer(options, store, metrics)):

        def only(**wanted: object) -> Subscription:
            return subscribe(options.events, options.replay, since=0, timeout_seconds=0.3, **wanted)  # type: ignore[arg-type]

        with (
            only(cameras="hall") as hall,
            only(types=["reid.identity.created", EventType.SEEN]) as kinds,
            only(identities=["P-7"]) as people,
        ):
            asked = metrics.get("replays")
            grow(store, 2, camera="door")
            grow(store, 2, camera="hall", identity="P-7")
            grow(store, 1, type=EventType.CREATED)
            grow(store, 1, type=EventType.SEEN)
            assert numbers(list(hall)) == [3, 4]
            assert numbers(list(kinds)) == [5, 6]
            assert numbers(list(people)) == [3, 4]
            assert hall.position == ("log-1", 6)
            assert metrics.get("replays") == asked


def test_a_flood_that_is_filtered_out_is_still_a_silence(
    options: LinkOptions, store: MemoryStore, announcer: Announcer
) -> None:
    over = Event()

    def feed() -> None:
        while not over.wait(0.01):
            grow(store, 20)
            announcer.wake()

    with subscribe(options.events, options.replay, cameras=["attic"], timeout_seconds=0.3) as events:
        feeding = Thread(target=feed)
        feeding.start()
        assert list(events) == []  # it ends, however much goes by
        over.set()
        feeding.join()


@pytest.mark.parametrize("kind", ["tcp", "ipc"])
def test_a_publisher_that_drops(kind: str, store: MemoryStore, tmp_path: Path) -> None:
    """A queue of one event, and bursts: most is dropped, and the list is the same."""
    narrow = link_options(kind, tmp_path / "narrow", event_queue=1)
    metrics = Metrics()
    with closing(Announcer(narrow, store, metrics)) as announcer, follow(narrow) as events:
        found: list[int] = []
        for _ in range(5):
            grow(store, 400)
            announcer.wake()
            found += take(events, 300)
        found += take(events, 500)
        assert found == list(range(1, 2001))
        assert metrics.get("events_dropped") > 0


def test_a_slow_subscriber(store: MemoryStore, tmp_path: Path) -> None:
    """Nothing is read while more is published than all the queues hold."""
    options = link_options("ipc", tmp_path / "narrow", event_queue=100)
    metrics = Metrics()
    with closing(Announcer(options, store, metrics)) as announcer, follow(options) as events:
        grow(store, 16_000)
        announcer.wake()
        assert eventually(lambda: metrics.get("events_published") == 16_000)
        assert metrics.get("events_dropped") > 0
        assert take(events, 16_000) == list(range(1, 16_001))


def test_a_service_that_restarts(options: LinkOptions, store: MemoryStore) -> None:
    found: list[int] = []
    with ExitStack() as stack:
        for _ in range(3):
            with closing(Announcer(options, store, Metrics())) as announcer:
                if not found:
                    events = stack.enter_context(follow(options, seconds=10))
                grow(store, 20)
                announcer.wake()
                found += take(events, 15)
            grow(store, 5)  # while nobody publishes
        with closing(Announcer(options, store, Metrics())):
            found += take(events, 30)
    assert found == list(range(1, 76))


def test_the_log_is_replaced_by_another(
    options: LinkOptions, store: MemoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    grow(store, 8)
    with ExitStack() as stack:
        with closing(Announcer(options, store, Metrics())):
            events = stack.enter_context(follow(options, seconds=10))
            assert take(events, 8) == list(range(1, 9))
        other = MemoryStore("log-2")
        grow(other, 12)
        with closing(Announcer(options, other, Metrics())), caplog.at_level(logging.WARNING):
            found = [next(events) for _ in range(12)]
    assert [(each.epoch, each.sequence) for each in found] == [("log-2", number) for number in range(1, 13)]
    assert "another log" in caplog.text


def test_a_log_that_lost_its_end(options: LinkOptions, store: MemoryStore, caplog: pytest.LogCaptureFixture) -> None:
    """As a database does that was restored from a copy."""
    grow(store, 8)
    with ExitStack() as stack:
        with closing(Announcer(options, store, Metrics())):
            events = stack.enter_context(follow(options, seconds=10))
            take(events, 8)
        restored = MemoryStore("log-1")
        grow(restored, 5)
        with closing(Announcer(options, restored, Metrics())), caplog.at_level(logging.WARNING):
            assert eventually(lambda: _said(events, caplog, "the log ends at 5"))
            grow(restored, 2)
            assert take(events, 2) == [6, 7]


def _said(events: Subscription, caplog: pytest.LogCaptureFixture, words: str) -> bool:
    events._timeout_seconds = 0.2
    assert list(events) == []
    events._timeout_seconds = 10
    return words in caplog.text


def test_a_log_with_holes_where_people_were_forgotten(options: LinkOptions, store: MemoryStore) -> None:
    grow(store, 6)
    with closing(Announcer(options, Forgetful(store, {2, 5, 6}), Metrics())), follow(options, seconds=0.2) as events:
        assert numbers(list(events)) == [1, 3, 4]
        grow(store, 2)
        assert numbers(list(events)) == [7, 8]


class Forgetful(MemoryStore):
    def __init__(self, inner: MemoryStore, gone: set[int]) -> None:
        super().__init__(inner.epoch)
        self._inner = inner
        self._gone = gone

    def last_sequence(self) -> int:
        return self._inner.last_sequence()

    def events(self, after: int, limit: int) -> list[IdentityEvent]:
        left = [each for each in self._inner.events(after, 1 << 30) if each.sequence not in self._gone]
        return left[:limit]


def test_the_store_goes_away_and_comes_back(
    options: LinkOptions, store: MemoryStore, announcer: Announcer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), follow(options, seconds=10) as events:
        grow(store, 2)
        assert take(events, 2) == [1, 2]
        store.away = True
        announcer.wake()
        assert eventually(lambda: "reading the event log" in caplog.text)
        store.away = False
        grow(store, 2)
        assert take(events, 2) == [3, 4]
    assert caplog.text.count("because the test said so") == 1
    assert "reading the event log: works again" in caplog.text


def test_a_subscriber_that_asks_while_the_store_is_away(options: LinkOptions, store: MemoryStore) -> None:
    grow(store, 3)
    with closing(Announcer(options, store, Metrics())), ExitStack() as stack:
        stack.enter_context(follow(options))  # by now the announcer knows the log
        store.away = True
        with pytest.raises(LinkUnavailable, match="replay: the event log is away"):
            subscribe(options.events, options.replay, since=0, connect_seconds=0.3).connect()
        store.away = False
        assert take(stack.enter_context(follow(options)), 3) == [1, 2, 3]


def test_a_subscriber_before_the_service(options: LinkOptions, store: MemoryStore) -> None:
    found: list[int] = []
    waiting = subscribe(options.events, options.replay, since=0, connect_seconds=None)
    thread = Thread(target=lambda: found.extend(take(waiting, 4)))
    thread.start()
    sleep(0.2)
    grow(store, 4)
    with closing(Announcer(options, store, Metrics())):
        thread.join(10)
    assert found == [1, 2, 3, 4]
    waiting.close()


def test_ten_subscribers_at_once(options: LinkOptions, store: MemoryStore, announcer: Announcer) -> None:
    lists: list[list[IdentityEvent]] = [[] for _ in range(10)]

    def read(mine: list[IdentityEvent]) -> None:
        with follow(options, seconds=5) as events:
            while len(mine) < 300:
                mine.append(next(events))

    threads = [Thread(target=read, args=(mine,)) for mine in lists]
    for thread in threads:
        thread.start()
    for _ in range(30):
        grow(store, 10)
        announcer.wake()
        sleep(0.005)
    for thread in threads:
        thread.join(20)
    assert all(mine == store.events(0, 300) for mine in lists)
