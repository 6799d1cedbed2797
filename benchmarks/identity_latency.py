"""How long one tracklet takes to its stored event, and how many a second a store takes, as the gallery grows.

`python benchmarks/identity_latency.py --store sqlite:////tmp/bench.db --sightings 100000`
Beside it, in the same run: the bare faiss search over as many vectors.
"""

import argparse
import time
from collections.abc import Callable

import faiss
import numpy as np
from numpy.typing import NDArray

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

DIMENSION = 512
VIEWS = 10  # sightings of one person, each on another track
MODEL = ModelId("bench", "1", "none")


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


def timed(call: Callable[[int], object], count: int) -> NDArray[np.float64]:
    """Milliseconds of each call."""
    took = []
    for number in range(count):
        began = time.perf_counter()
        call(number)
        took.append(1000 * (time.perf_counter() - began))
    return np.array(took)


def row(name: str, milliseconds: NDArray[np.float64]) -> str:
    middle, late = np.percentile(milliseconds, [50, 99])
    return f"{name:28} p50 {middle:8.2f} ms   p99 {late:8.2f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", required=True, help="address of an empty store")
    parser.add_argument("--sightings", type=int, default=1000)
    parser.add_argument("--queries", type=int, default=200)
    arguments = parser.parse_args()
    faiss.omp_set_num_threads(1)
    rng = np.random.default_rng(0)
    people = rng.standard_normal((max(1, arguments.sightings // VIEWS), DIMENSION), dtype=np.float32)
    people /= np.linalg.norm(people, axis=1, keepdims=True)

    store = open_store(arguments.store, "bench")
    pieces = [piece(rng, number, people[number % len(people)]) for number in range(arguments.sightings)]
    events = [event_of(each, f"P-{number % len(people)}") for number, each in enumerate(pieces)]
    began = time.perf_counter()
    for number, each in enumerate(pieces):
        store.commit(each, events[number], number)
    took = time.perf_counter() - began
    print(f"{arguments.sightings} commits: {arguments.sightings / took:.0f} a second")

    began = time.perf_counter()
    service = IdentityService(store, Rules())
    print(f"gallery rebuilt from the store in {time.perf_counter() - began:.2f} s")
    new = [piece(rng, arguments.sightings + each, people[each % len(people)]) for each in range(arguments.queries)]
    handled = timed(lambda number: service.handle(new[number]), len(new))
    index = faiss.IndexFlatIP(DIMENSION)
    index.add(np.stack([each.fused for each in pieces]))
    searched = timed(lambda number: index.search(new[number].fused[None], 10), len(new))
    print(row("handle, to the stored event", handled))
    print(row("bare faiss search", searched))
    store.close()


if __name__ == "__main__":
    main()
