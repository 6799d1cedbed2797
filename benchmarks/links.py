"""What the links cost beside bare ZeroMQ sockets that move the same bytes, in the same run.

Lane 1: tracklets a second from Outbox.put to the last acknowledgement, through the spool on disk; then the same into
the identity service and its sqlite store. Bare: a DEALER and a ROUTER with as many unacknowledged, once with the bytes
ready and once with our codec at both ends; nothing is kept there if a process dies.
Lane 2: events a second from a sqlite log to each of 1 and 10 subscribers, and the time from Announcer.wake() to a
subscriber that waits. Bare: PUB and SUB with the same frames, whose subscribers parse nothing and miss what is lost.
Workers and subscribers are processes of their own, on this machine, over TCP.
"""

import multiprocessing
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Barrier
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Protocol, TypeVar

import numpy as np
import zmq

from benchmarks.reporting import Report, arguments
from reid_core.protocols import Store
from reid_core.records import Cue, TrackletEmbedding
from reid_core.wire import event_to_json, pack_embedding, unpack_embedding
from stream.client import subscribe
from stream.identity.decide import Rules
from stream.identity.service import IdentityService
from stream.link.addresses import LinkOptions
from stream.link.announcer import Announcer
from stream.link.inbox import Delivery, Inbox
from stream.link.messages import pack_header
from stream.link.outbox import Outbox
from stream.link.spool import Spool
from stream.metrics import Metrics
from stream.store.open import open_store
from tests.stream.link_ends import link_options
from tests.stream.sightings import START as START_TIME
from tests.stream.sightings import embedding, event, unit

PEOPLE = 100
LIVE_SECONDS = 0.02  # between two events that come one by one
PATIENCE_SECONDS = 120.0
SPAWN = multiprocessing.get_context("spawn")

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Arrivals(Protocol):
    """A queue between processes."""

    def put(self, times: list[float]) -> None: ...
    def get(self, block: bool, timeout: float) -> list[float]: ...


def tracklets(count: int) -> list[TrackletEmbedding]:
    """Three cues of 512 numbers each, as a person model gives them: about six kilobytes."""
    looks = [unit(person, 512) for person in range(PEOPLE)]
    cues = {"appearance": Cue(unit(1001, 512)), "shape": Cue(unit(1002, 512))}
    return [
        embedding(number, vector=looks[number % PEOPLE], cues=cues, begin=START_TIME + 5 * number)
        for number in range(1, count + 1)
    ]


# Lane 1


def bare_router(address: str, count: int, codec: bool) -> None:
    with zmq.Context() as context, context.socket(zmq.ROUTER) as router:
        router.bind(address)
        for _ in range(count):
            peer, tag, body = router.recv_multipart()
            if codec:
                unpack_embedding(body)
            router.send_multipart([peer, tag])


def bare_lane_1(sent: list[TrackletEmbedding], codec: bool, folder: Path) -> float:
    link = link_options("tcp", folder)
    bodies = [pack_embedding(each) for each in sent]
    with (
        process(bare_router, link.tracklets, len(sent), codec),
        zmq.Context() as context,
        context.socket(zmq.DEALER) as dealer,
    ):
        dealer.connect(link.tracklets)
        dealer.send_multipart([b"first", bodies[0]])  # the peer is there once it answers
        dealer.recv_multipart()
        begin, flight = time.perf_counter(), 0
        for each, body in zip(sent[1:], bodies[1:], strict=True):
            dealer.send_multipart([str(each.tracklet).encode(), pack_embedding(each) if codec else body])
            flight += 1
            if flight == link.window:
                dealer.recv_multipart()
                flight -= 1
        for _ in range(flight):
            dealer.recv_multipart()
        return (len(sent) - 1) / (time.perf_counter() - begin)


def worker(link: LinkOptions, folder: str, count: int, ready: Barrier, times: Arrivals) -> None:
    """Ours: what a worker's process does with its tracklets once they are embedded."""
    sent = tracklets(count)
    with (
        closing(Spool(Path(folder) / "spool.db", 1 << 30)) as spool,
        closing(Outbox(spool, link, Metrics())) as outbox,
    ):
        ready.wait(PATIENCE_SECONDS)
        begin = time.perf_counter()
        for each in sent:
            outbox.put(each)
        if not outbox.drain(PATIENCE_SECONDS):
            raise SystemExit("lane 1 did not drain")
        times.put([begin, time.perf_counter()])


def lane_1(count: int, store: bool, folder: Path) -> float:
    link = link_options("tcp", folder, resend_seconds=5.0)
    over, ready = Event(), SPAWN.Barrier(2)
    times: Arrivals = SPAWN.Queue()
    with ExitStack() as stack:
        inbox = stack.enter_context(closing(Inbox(link, Metrics())))
        keep: Callable[[TrackletEmbedding], object] = type  # which costs nothing
        if store:
            kept = stack.enter_context(closing(open_store(f"sqlite:///{folder}/store.db", "bench")))
            keep = IdentityService(kept, Rules()).handle

        def serve() -> None:
            while not over.is_set():
                if delivery := inbox.receive(0.05):
                    settle(delivery, keep)

        server = Thread(target=serve)
        server.start()
        try:
            with process(worker, link, str(folder), count, ready, times):
                ready.wait(PATIENCE_SECONDS)
                begin, end = times.get(True, PATIENCE_SECONDS)
        finally:
            over.set()
            server.join()
    return count / (end - begin)


def settle(delivery: Delivery, keep: Callable[[TrackletEmbedding], object]) -> None:
    keep(delivery.embedding)
    delivery.acknowledge()


# Lane 2


def bare_subscriber(link: LinkOptions, count: int, ready: Barrier, times: Arrivals) -> None:
    with zmq.Context() as context, context.socket(zmq.SUB) as socket:
        socket.setsockopt(zmq.RCVHWM, 0)
        socket.setsockopt(zmq.SUBSCRIBE, b"")
        socket.connect(link.events)
        socket.recv_multipart()  # of those that the publisher sends until everybody is there
        ready.wait(PATIENCE_SECONDS)
        arrived: list[float] = []
        while len(arrived) < count:
            if len(socket.recv_multipart()) == 3:
                arrived.append(time.perf_counter())
        times.put(arrived)


def subscriber(link: LinkOptions, count: int, ready: Barrier, times: Arrivals) -> None:
    with subscribe(link.events, link.replay, timeout_seconds=PATIENCE_SECONDS) as events:
        ready.wait(PATIENCE_SECONDS)
        times.put([time.perf_counter() for _ in zip(range(count), events, strict=False)])


def grow(store: Store, count: int) -> None:
    for version in range(store.version(), store.version() + count):
        seen = embedding(version + 1)
        store.commit(seen, event(seen, version=version), version)


def bare_lane_2(subscribers: int, count: int, pause: float, folder: Path) -> tuple[float, list[float]]:
    link = link_options("tcp", folder)
    said = event_to_json(event(embedding()))
    frames = [b"reid.identity.created", pack_header(event(embedding()).epoch, 1), said]
    with zmq.Context() as context, context.socket(zmq.PUB) as pub:
        pub.setsockopt(zmq.SNDHWM, 0)
        pub.bind(link.events)
        with audience(bare_subscriber, link, subscribers, count, lambda: pub.send(b"welcome")) as times:
            sent = []
            for _ in range(count):
                sent.append(time.perf_counter())
                pub.send_multipart(frames)
                if pause:
                    time.sleep(pause)
            return judged(sent, [times.get(True, PATIENCE_SECONDS) for _ in range(subscribers)])


def lane_2(subscribers: int, count: int, pause: float, folder: Path) -> tuple[float, list[float]]:
    link = link_options("tcp", folder, poll_seconds=60.0)  # it looks at its log when it is woken
    with (
        closing(open_store(f"sqlite:///{folder}/log.db", "bench")) as store,
        closing(Announcer(link, store, Metrics())) as announcer,
        audience(subscriber, link, subscribers, count, lambda: None) as times,
    ):
        sent = []
        for _ in range(count if pause else 1):
            grow(store, 1 if pause else count)
            sent.append(time.perf_counter())
            announcer.wake()
            time.sleep(pause)
        return judged(sent, [times.get(True, PATIENCE_SECONDS) for _ in range(subscribers)])


def judged(sent: list[float], arrived: list[list[float]]) -> tuple[float, list[float]]:
    """Events a second until the last subscriber has the last, and how long each took where all were timed."""
    rate = len(arrived[0]) / (max(each[-1] for each in arrived) - sent[0])
    if len(sent) != len(arrived[0]):
        return rate, []
    return rate, [1000 * (there - here) for each in arrived for here, there in zip(sent, each, strict=True)]


@contextmanager
def process(target: Callable[..., None], *given: object) -> Iterator[BaseProcess]:
    child = SPAWN.Process(target=target, args=given, daemon=True)
    child.start()
    try:
        yield child
        child.join(PATIENCE_SECONDS)
    finally:
        child.terminate()
        child.join()


@contextmanager
def audience(
    target: Callable[..., None], link: LinkOptions, subscribers: int, count: int, welcome: Callable[[], None]
) -> Iterator[Arrivals]:
    """So many subscribers, all of them there."""
    ready = SPAWN.Barrier(subscribers + 1)
    times: Arrivals = SPAWN.Queue()
    with ExitStack() as stack:
        for _ in range(subscribers):
            stack.enter_context(process(target, link, count, ready, times))
        while ready.n_waiting < subscribers:
            welcome()
            time.sleep(0.05)
        ready.wait(PATIENCE_SECONDS)
        yield times


Lane2 = Callable[[int, int, float, Path], tuple[float, list[float]]]


def rate_of(lane: Lane2, subscribers: int, count: int, folder: Path) -> float:
    return lane(subscribers, count, 0.0, folder)[0]


def lags_of(lane: Lane2, subscribers: int, count: int, folder: Path) -> list[float]:
    return lane(subscribers, count, LIVE_SECONDS, folder)[1]


def in_turns(ways: Mapping[K, Callable[[Path], T]], rounds: int) -> dict[K, list[T]]:
    """What else the machine does then disturbs all of them alike."""
    found: dict[K, list[T]] = {key: [] for key in ways}
    for _ in range(rounds):
        for key, measure in ways.items():
            with TemporaryDirectory() as folder:
                found[key].append(measure(Path(folder)))
    return found


def main() -> None:
    parser = arguments("links", __doc__)
    parser.add_argument("--tracklets", type=int, default=5000, help="through lane 1")
    parser.add_argument("--events", type=int, default=10_000, help="through lane 2 as fast as it can")
    parser.add_argument("--live", type=int, default=500, help="events that come one by one, 20 ms apart")
    parser.add_argument("--rounds", type=int, default=3, help="of everything; the best counts")
    options = parser.parse_args()
    report = Report("links", "what", "subscribers", "a second", "p50 ms", "p95 ms", libraries=("pyzmq", "msgspec"))
    sent = tracklets(options.tracklets)
    report.note(
        f"a tracklet is {len(pack_embedding(sent[0])):,} bytes, an event {len(event_to_json(event(embedding())))}"
    )
    report.note(f"each the best of {options.rounds} rounds, in which they take turns")
    rates: dict[tuple[str, int | None], Callable[[Path], float]] = {
        ("lane 1, bare sockets", None): partial(bare_lane_1, sent, False),
        ("lane 1, bare sockets and our codec", None): partial(bare_lane_1, sent, True),
        ("lane 1, spool and acknowledgement", None): partial(lane_1, len(sent), False),
        ("lane 1, to the identity service and its store", None): partial(lane_1, len(sent), True),
    }
    lags: dict[tuple[str, int], Callable[[Path], list[float]]] = {}
    for count in (1, 10):
        rates["lane 2, bare sockets", count] = partial(rate_of, bare_lane_2, count, options.events)
        rates["lane 2, from the log", count] = partial(rate_of, lane_2, count, options.events)
        lags["live, bare sockets", count] = partial(lags_of, bare_lane_2, count, options.live)
        lags["live, wake() to subscriber", count] = partial(lags_of, lane_2, count, options.live)
    fastest = {key: max(rounds) for key, rounds in in_turns(rates, options.rounds).items()}
    calmest = {key: min(rounds, key=np.median) for key, rounds in in_turns(lags, options.rounds).items()}
    for (name, subscribers), rate in fastest.items():
        report.row(name, subscribers, rate, None, None)
    for (name, subscribers), took in calmest.items():
        report.row(name, subscribers, None, *map(float, np.percentile(took, [50, 95])))
    report.finish(options.json)


if __name__ == "__main__":
    main()
