"""How long one tracklet takes to its stored event, and how many a second a store takes, as the gallery grows.

Each store is filled with so many sightings of 512 numbers, ten of each person, straight through Store.commit; then an
IdentityService is built on it and handles further tracklets of the same people. Beside it, in the same run: the bare
faiss search over as many vectors. The stores are real: a sqlite file and a redis-server of its own, both in a
temporary folder. `--sightings 1000` is the quick look.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import faiss
import numpy as np
from numpy.typing import NDArray

from benchmarks.reporting import Report, Value, arguments
from reid_core.records import (
    FUSED,
    CameraId,
    Cue,
    Epoch,
    EventType,
    Evidence,
    IdentityEvent,
    IdentityId,
    IdentityState,
    ModelId,
    TrackletEmbedding,
    TrackletId,
    TrackNumber,
    Verdict,
)
from stream.identity.decide import Rules
from stream.identity.service import IdentityService
from stream.store.open import open_store
from tests import redis_server

DIMENSION = 512
VIEWS = 10  # sightings of one person, each on another track
MODEL = ModelId("bench", "1", "none")
NEAREST = 10  # that the bare search gives


def piece(rng: np.random.Generator, number: int, person: NDArray[np.float32]) -> TrackletEmbedding:
    vector = person + 0.5 * rng.standard_normal(DIMENSION, dtype=np.float32) / np.sqrt(DIMENSION)
    begin = 1_700_000_000.0 + 5.0 * number
    return TrackletEmbedding(
        tracklet=TrackletId(CameraId(f"camera-{number % 8}"), Epoch("boot"), TrackNumber(number), 0),
        begin=begin,
        end=begin + 4.0,
        branch="bench",
        model=MODEL,
        cues={FUSED: Cue(np.asarray(vector / np.linalg.norm(vector), dtype=np.float32))},
        quality=0.8,
        shots=40,
    )


def event_of(embedding: TrackletEmbedding, identity: str) -> IdentityEvent:
    return IdentityEvent(
        type=EventType.CREATED,
        identity=IdentityId(identity),
        state=IdentityState.CONFIRMED,
        verdict=Verdict.NEW,
        tracklet=embedding.tracklet,
        begin=embedding.begin,
        end=embedding.end,
        time=embedding.end,
        evidence=Evidence(None, 0.0, 0.0, 0.9, None, None, {FUSED: 0.0}, embedding.quality, embedding.shots),
        model=MODEL,
        gallery_version=0,
    )


def late(call: Callable[[TrackletEmbedding], object], pieces: list[TrackletEmbedding]) -> tuple[float, float]:
    """Milliseconds of a call: the median, and what one in a hundred exceeds."""
    took = []
    for each in pieces:
        begin = time.perf_counter()
        call(each)
        took.append(1000 * (time.perf_counter() - begin))
    middle, tail = np.percentile(took, [50, 99])
    return float(middle), float(tail)


@contextmanager
def addresses(folder: Path) -> Iterator[dict[str, str]]:
    """By kind, the empty stores that this machine can give."""
    found = {"sqlite": f"sqlite:///{folder}/bench.db"}
    if redis_server.COMMAND is None:
        yield found
        return
    server = redis_server.RedisServer(folder)
    try:
        yield {**found, "redis": server.url}
    finally:
        server.stop()


def measure(address: str, sightings: int, queries: int) -> tuple[Value, ...]:
    rng = np.random.default_rng(0)
    people = rng.standard_normal((max(1, sightings // VIEWS), DIMENSION), dtype=np.float32)
    people /= np.linalg.norm(people, axis=1, keepdims=True)
    pieces = [piece(rng, number, people[number % len(people)]) for number in range(sightings)]
    new = [piece(rng, sightings + each, people[each % len(people)]) for each in range(queries)]
    index = faiss.IndexFlatIP(DIMENSION)
    index.add(np.stack([each.fused for each in pieces]))
    searched = late(lambda each: index.search(each.fused[None], NEAREST), new)
    with closing(open_store(address, "bench")) as store:
        events = [event_of(each, f"P-{number % len(people)}") for number, each in enumerate(pieces)]
        begin = time.perf_counter()
        for number, each in enumerate(pieces):
            store.commit(each, events[number], number)
        commits = sightings / (time.perf_counter() - begin)
        del events, pieces
        begin = time.perf_counter()
        service = IdentityService(store, Rules())
        rebuilt = time.perf_counter() - begin
        handled = late(service.handle, new)
    return commits, rebuilt, *handled, *searched


def main() -> None:
    parser = arguments("identity_latency", __doc__)
    parser.add_argument("--sightings", type=int, nargs="+", default=[1000, 100_000], help="in the gallery")
    parser.add_argument("--queries", type=int, default=200, help="tracklets that are then handled")
    options = parser.parse_args()
    faiss.omp_set_num_threads(1)
    columns = ("commits/s", "rebuild s", "handle p50 ms", "handle p99 ms", "bare search p50 ms", "bare search p99 ms")
    report = Report("identity_latency", "store", "sightings", *columns, libraries=("numpy", "faiss-cpu", "redis"))
    if redis_server.COMMAND is None:
        report.note("no redis-server on this machine: its rows are missing")
    for sightings in options.sightings:
        with TemporaryDirectory() as folder, addresses(Path(folder)) as stores:
            for kind, address in stores.items():
                report.row(kind, sightings, *measure(address, sightings, options.queries))
    report.note(
        f"random vectors of {DIMENSION} numbers, one cue; handle: find, catch up, search, decide, commit; one client; "
        "redis on the same machine, which writes nothing to disk"
    )
    report.finish(options.json)


if __name__ == "__main__":
    main()
