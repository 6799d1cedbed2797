"""Features and labels -> results under a setting, and the nearest items of a few queries to look at."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from reid_core.errors import DataSetInvalid
from reid_core.evaluation.distances import Distances, Features, Metric, distance_chunks, distances
from reid_core.evaluation.labels import Integers, Labels, Mask
from reid_core.evaluation.open_set import OpenSet, open_set
from reid_core.evaluation.ranking import Ties, rank
from reid_core.evaluation.rerank import Reranking, reranked_chunks
from reid_core.evaluation.results import CMC_LENGTH, Result
from reid_core.evaluation.settings import Setting, dropped, one_of_each, takes_part
from reid_core.options import Options


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """Samples as a model sees them."""

    features: Features  # (N, dimension)
    labels: Labels

    def __post_init__(self) -> None:
        if len(self.features) != len(self.labels):
            raise DataSetInvalid(f"{len(self.features)} features for {len(self.labels)} labels")

    def take(self, which: Integers | Mask) -> "Embedded":
        return Embedded(self.features[which], self.labels.take(which))


class How(Options, frozen=True):
    metric: Metric = Metric.COSINE
    ties: Ties = Ties.STABLE
    rerank: Reranking | None = None  # None = plain distances
    open_set: bool = False  # verification and watch list too: one more pass over the distances
    seed: int = 0  # of single-shot galleries, and of who stays off the watch list


def evaluate(
    queries: Embedded, gallery: Embedded, setting: Setting, how: How | None = None, cue: str = "fused"
) -> Result:
    """Figures of one setting. Queries left without a match are dropped and counted."""
    how = how or How()
    asking, asked = takes_part(setting, queries.labels, gallery.labels)
    mine, theirs = queries.take(asking), gallery.take(asked)
    rankings = []
    rng = np.random.default_rng(how.seed)
    for _ in range(max(1, setting.single_shots)):
        drawn = theirs.take(one_of_each(theirs.labels.persons, rng)) if setting.single_shots else theirs
        rankings.append(rank(_chunks(mine, drawn, how), mine.labels, drawn.labels, setting.drop, how.ties))
    if not all(len(each.valid) for each in rankings):
        raise DataSetInvalid(
            f"setting {setting.name}: none of {len(mine.labels)} queries has a match among {len(theirs.labels)} "
            f"gallery items; it {setting.rule}"
        )
    cmc = np.mean([each.cmc(max(CMC_LENGTH, 20)) for each in rankings], axis=0)
    return Result(
        setting=setting.name,
        rule=setting.rule,
        cue=cue,
        queries=len(mine.labels),
        valid_queries=len(rankings[0].valid),  # every draw has an item of everybody
        gallery=len(drawn.labels),
        persons=len(np.unique(mine.labels.persons[rankings[0].valid])),
        rank1=float(cmc[0]),
        rank5=float(cmc[4]),
        rank10=float(cmc[9]),
        rank20=float(cmc[19]),
        mean_ap=float(np.mean([each.mean_ap for each in rankings])),
        mean_inp=float(np.mean([each.mean_inp for each in rankings])),
        cmc=tuple(float(each) for each in cmc[:CMC_LENGTH]),
        open_set=_open_set(mine, theirs, setting, how),
        note=_note(how),
    )


def _chunks(queries: Embedded, gallery: Embedded, how: How) -> Iterator[Distances]:
    if how.rerank:
        return reranked_chunks(queries.features, gallery.features, how.rerank)
    return distance_chunks(queries.features, gallery.features, how.metric)


def _open_set(queries: Embedded, gallery: Embedded, setting: Setting, how: How) -> OpenSet | None:
    """Of the plain distances: a re-ranked one is relative to its query, and has no threshold."""
    if not how.open_set or setting.single_shots or len(np.unique(gallery.labels.persons)) < 2:
        return None
    chunks = distance_chunks(queries.features, gallery.features, how.metric)
    return open_set(chunks, queries.labels, gallery.labels, setting.drop, how.seed)


def _note(how: How) -> str:
    parts = ["re-ranked"] if how.rerank else []
    parts += [f"{how.metric.value} distance"] if how.metric is not Metric.COSINE else []
    parts += ["wrong items first in ties"] if how.ties is Ties.PESSIMISTIC else []
    return ", ".join(parts)


class Verdict(Enum):
    RIGHT = "right"
    WRONG = "wrong"
    DROPPED = "dropped"  # the setting does not let it count


@dataclass(frozen=True, slots=True)
class Item:
    index: int  # in the gallery
    distance: float
    verdict: Verdict


def nearest(
    queries: Embedded,
    gallery: Embedded,
    setting: Setting,
    which: Sequence[int],
    count: int = 10,
    most_dropped: int = 2,
    metric: Metric = Metric.COSINE,
) -> list[list[Item]]:
    """For each query in `which`: its `count` nearest items, and the nearest dropped ones where they would stand."""
    chosen = queries.take(np.asarray(which, dtype=np.int64))
    rows = distances(chosen.features, gallery.features, metric)
    return [
        _nearest(row, chosen.labels.take(slice(each, each + 1)), gallery.labels, setting, count, most_dropped)
        for each, row in enumerate(rows)
    ]


def _nearest(
    row: Distances, query: Labels, gallery: Labels, setting: Setting, count: int, most_dropped: int
) -> list[Item]:
    out = dropped(setting, query, gallery)
    order = np.argsort(row, kind="stable")
    gone = out[order]
    shown = np.where(gone, np.cumsum(gone) <= most_dropped, np.cumsum(~gone) <= count)
    last = np.flatnonzero(shown & ~gone)
    picked = order[: last[-1] + 1][shown[: last[-1] + 1]] if len(last) else order[shown]
    return [Item(int(each), float(row[each]), _verdict(each, query, gallery, out)) for each in picked]


def _verdict(item: int, query: Labels, gallery: Labels, out: Mask) -> Verdict:
    if out[item]:
        return Verdict.DROPPED
    return Verdict.RIGHT if gallery.persons[item] == query.persons[0] else Verdict.WRONG
