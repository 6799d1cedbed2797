"""How long CMC, mAP and mINP take at the size of Market-1501 and of MSMT17, and how much memory, on two cores.

`python -m benchmarks.metrics`
Beside it, in the same run: the obvious numpy loop, which sorts the gallery for each query. Both are given the same
distances. The loop does every query of the small size and, at the large one, the first --subset of them; its time
there is scaled up, and the table says so. Features are random, so the figures themselves mean nothing; they must
be equal. Each size runs in a process of its own, whose peak memory is read before the loop begins.
"""

import multiprocessing
import os
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.reporting import Report, arguments
from reid_core.evaluation.distances import Distances, distance_chunks
from reid_core.evaluation.labels import Labels
from reid_core.evaluation.ranking import Ranking, rank
from reid_core.evaluation.settings import STANDARD

CORES = 2


@dataclass(frozen=True, slots=True)
class Size:
    name: str
    queries: int
    gallery: int
    persons: int
    cameras: int


SIZES = (Size("Market-1501", 3_368, 15_913, 750, 6), Size("MSMT17", 11_659, 82_161, 3_060, 15))


@dataclass(frozen=True, slots=True)
class Row:
    size: str
    queries: int
    gallery: int
    dimension: int
    cores: int
    distance_seconds: float  # the product of the features, for both
    metric_seconds: float  # ours, distances given
    total_seconds: float  # ours, from features to figures
    peak_gib: float  # of the process, features and all
    loop_queries: int  # that the loop really did
    loop_seconds: float  # scaled to all queries
    stable_loop_seconds: float  # the same loop with a stable sort, which alone gives the same figures in ties
    times: float  # loop / ours, distances given
    times_stable: float
    times_total: float  # with the same distances on both sides
    equal: bool  # both say the same of the queries that the loop did


def people(size: Size, dimension: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], Labels, Labels]:
    """Features of the queries and then of the gallery, as hard to tell apart as on a real benchmark, more or less."""
    count = size.queries + size.gallery
    persons, cameras = rng.integers(0, size.persons, count), rng.integers(0, size.cameras, count)
    features = rng.standard_normal((count, dimension), dtype=np.float32)
    features += rng.standard_normal((size.persons, dimension), dtype=np.float32)[persons] * 0.4
    labels = Labels.of(persons, cameras)
    return features, labels.take(slice(0, size.queries)), labels.take(slice(size.queries, count))


def obvious(row: Distances, person: int, camera: int, gallery: Labels, kind: str) -> tuple[int, float] | None:
    """(rank of the first match, average precision) of one query, by sorting the gallery."""
    order = np.argsort(row, kind="stable" if kind == "stable" else "quicksort")
    persons, cameras = gallery.persons[order], gallery.cameras[order]
    right = (persons == person)[~((persons == person) & (cameras == camera))]
    if not right.any():
        return None
    found = right.cumsum()
    precision = found / (np.arange(len(right)) + 1)
    return int(right.argmax()), float(precision[right].mean())


def equal(found: Ranking, loop: list[tuple[int, float] | None]) -> bool:
    valid = [query for query, each in enumerate(loop) if each is not None]
    figures = np.array([each for each in loop if each is not None])
    count = len(valid)
    return (
        found.valid[:count].tolist() == valid
        and np.array_equal(found.first[:count], figures[:, 0])
        and np.allclose(found.average_precision[:count], figures[:, 1], rtol=1e-12, atol=0)
    )


def measure(size: Size, dimension: int, subset: int) -> Row:
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    features, queries, gallery = people(size, dimension, np.random.default_rng(0))
    mine, theirs = features[: size.queries], features[size.queries :]
    distance_seconds = 0.0

    def timed() -> Iterator[Distances]:
        nonlocal distance_seconds
        chunks = distance_chunks(mine, theirs)
        began = time.perf_counter()
        for chunk in chunks:
            distance_seconds += time.perf_counter() - began
            yield chunk
            began = time.perf_counter()

    began = time.perf_counter()
    found = rank(timed(), queries, gallery, STANDARD.drop)
    total = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20

    loop_queries = min(subset, size.queries) if size.gallery > 50_000 else size.queries
    loops: dict[str, float] = {"quicksort": 0.0, "stable": 0.0}
    said: list[tuple[int, float] | None] = []
    query = 0
    for chunk in distance_chunks(mine, theirs):
        for row in chunk[: loop_queries - query]:
            who, where = int(queries.persons[query]), int(queries.cameras[query])
            for kind in loops:
                began = time.perf_counter()
                figures = obvious(row, who, where, gallery, kind)
                loops[kind] += time.perf_counter() - began
            said.append(figures)  # of the stable one
            query += 1
        if query == loop_queries:
            break
    metric = total - distance_seconds
    loop, stable = (loops[kind] * size.queries / loop_queries for kind in ("quicksort", "stable"))
    return Row(
        size=size.name,
        queries=size.queries,
        gallery=size.gallery,
        dimension=dimension,
        cores=len(os.sched_getaffinity(0)),
        distance_seconds=distance_seconds,
        metric_seconds=metric,
        total_seconds=total,
        peak_gib=peak,
        loop_queries=loop_queries,
        loop_seconds=loop,
        stable_loop_seconds=stable,
        times=loop / metric,
        times_stable=stable / metric,
        times_total=(distance_seconds + loop) / total,
        equal=equal(found, said),
    )


def main() -> None:
    parser = arguments("metrics", __doc__)
    parser.add_argument("--dimension", type=int, default=512, help="of a feature")
    parser.add_argument("--subset", type=int, default=500, help="queries that the loop does at the large size")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(CORES)  # read by the new processes
    columns = ("size", "what", "seconds", "times ours", "peak GiB")
    report = Report("metrics", *columns)
    for size in SIZES:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            found = pool.apply(measure, (size, options.dimension, options.subset))
        name = f"{size.name}, {size.queries:,} x {size.gallery:,}"
        report.row(name, "distances, for both", found.distance_seconds, None, None)
        report.row(name, "our metrics, distances given", found.metric_seconds, 1.0, None)
        report.row(name, "ours, from features to figures", found.total_seconds, 1.0, found.peak_gib)
        report.row(
            name, "loop with a stable sort, distances given", found.stable_loop_seconds, found.times_stable, None
        )
        report.row(name, "loop with an unstable sort, distances given", found.loop_seconds, found.times, None)
        whole = found.distance_seconds + found.loop_seconds
        report.row(name, "distances and the unstable loop", whole, found.times_total, None)
        scaled = (
            ""
            if found.loop_queries == found.queries
            else f"; the loops' seconds are scaled up from {found.loop_queries}"
        )
        report.note(f"{size.name}: the same figures from both: {'yes' if found.equal else 'NO'}{scaled}")
    report.note(
        f"{options.dimension} dimensions, {CORES} cores; only a stable sort gives defined figures where distances tie"
    )
    report.finish(options.json)


if __name__ == "__main__":
    main()
