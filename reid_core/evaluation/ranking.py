"""CMC, mAP and mINP. No gallery is ever ranked: only the matches need ranks, and those are counts of nearer items."""

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise, repeat

import numpy as np
from numpy.typing import NDArray

from reid_core.errors import DataSetInvalid
from reid_core.evaluation.distances import Distances, row_chunks
from reid_core.evaluation.labels import JUNK, Integers, Labels
from reid_core.evaluation.settings import Drop

Values = NDArray[np.float64]

Pairs = tuple[Integers, Integers]  # rows (queries) and columns (gallery items)
Measured = tuple[Integers, Integers, Values, Values]  # as the last four fields of Ranking

THREADS = min(8, os.cpu_count() or 1)
BLOCK_BYTES = 4 * 2**20  # of distances that one thread copies and sorts at a time: they stay near its core


class Ties(Enum):
    STABLE = "stable"  # of equal distances, the first in the gallery comes first
    PESSIMISTIC = "pessimistic"  # of equal distances, wrong items come first: constant features get what they deserve


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Of the valid queries (those with a match left in the gallery), in order."""

    asked: int  # queries, valid or not
    valid: Integers  # (V,) which of them are valid
    first: Integers  # (V,) rank of the first match, from 0
    average_precision: Values  # (V,) mean of the precision at each match
    inverse_negative_penalty: Values  # (V,) matches / (rank of the last match, from 1)

    def cmc(self, length: int) -> Values:
        """(length,) share of the valid queries that have a match among the first 1, 2, ... items."""
        if not len(self.valid):
            return np.full(length, np.nan)
        counts = np.bincount(self.first[self.first < length], minlength=length)
        return np.asarray(np.cumsum(counts) / len(self.valid), dtype=np.float64)

    @property
    def mean_ap(self) -> float:
        return float(self.average_precision.mean()) if len(self.valid) else float("nan")

    @property
    def mean_inp(self) -> float:
        return float(self.inverse_negative_penalty.mean()) if len(self.valid) else float("nan")


def rank(
    chunks: Iterable[Distances], queries: Labels, gallery: Labels, drop: Drop, ties: Ties = Ties.STABLE
) -> Ranking:
    """From the rows of the (queries, gallery) distances in order, in chunks of any height; no junk in the gallery."""
    if junk := int(np.count_nonzero(gallery.persons == JUNK)):
        raise DataSetInvalid(f"ranking: {junk} junk items in the gallery; take them out first (settings.takes_part)")
    pairs = SamePerson(gallery)
    parts: list[Measured] = []
    begin = 0
    with ThreadPoolExecutor(THREADS) as pool:  # NumPy copies and sorts without the interpreter's lock
        for chunk in chunks:
            asking = queries.take(slice(begin, begin + len(chunk)))
            if chunk.shape != (len(asking), len(gallery)):
                raise DataSetInvalid(
                    f"ranking: expected distances of {len(queries)} queries x {len(gallery)} items, "
                    f"found a chunk {chunk.shape} after {begin} queries"
                )
            blocks = list(row_chunks(*chunk.shape, BLOCK_BYTES))
            several = [pairs.of(asking.take(block), drop) for block in blocks]
            firsts = [begin + block.start for block in blocks]
            parts += pool.map(_measure, [chunk[block] for block in blocks], several, firsts, repeat(ties))
            begin += len(chunk)
    if begin != len(queries):
        raise DataSetInvalid(f"ranking: distances of {begin} queries for {len(queries)} queries")
    none = np.empty(0, dtype=np.int64)
    valid, first = (np.concatenate([none, *(part[each] for part in parts)]) for each in (0, 1))
    precision, penalty = (np.concatenate([none.astype(float), *(part[each] for part in parts)]) for each in (2, 3))
    return Ranking(len(queries), valid, first, precision, penalty)


class SamePerson:
    """The gallery items of each person, found without comparing every query with every item."""

    def __init__(self, gallery: Labels) -> None:
        self._gallery = gallery
        self._order = np.argsort(gallery.persons, kind="stable")
        self._sorted = gallery.persons[self._order]

    def of(self, queries: Labels, drop: Drop) -> tuple[Pairs, Pairs]:
        """(rows, columns) of the matches, and of the dropped pairs."""
        begin = np.searchsorted(self._sorted, queries.persons, "left")
        count = np.searchsorted(self._sorted, queries.persons, "right") - begin
        rows = np.repeat(np.arange(len(queries)), count)
        inside = np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count)
        columns = self._order[np.repeat(begin, count) + inside]
        out = drop(queries.take(rows), self._gallery.take(columns))
        return (rows[~out], columns[~out]), (rows[out], columns[out])


def _measure(chunk: Distances, pairs: tuple[Pairs, Pairs], begin: int, ties: Ties) -> Measured:
    rows, ranks = match_ranks(chunk, *pairs, ties)
    count = np.bincount(rows, minlength=len(chunk))
    ends = np.cumsum(count)
    hit = np.arange(len(rows)) - np.repeat(ends - count, count) + 1  # 1 for a query's first match, 2 for its second
    valid = np.flatnonzero(count)
    total = np.bincount(rows, weights=hit / (ranks + 1), minlength=len(chunk))
    first, last = ranks[(ends - count)[valid]], ranks[ends[valid] - 1]
    return begin + valid, first, total[valid] / count[valid], count[valid] / (last + 1)


def match_ranks(chunk: Distances, matches: Pairs, out: Pairs, ties: Ties) -> Pairs:
    """(row, rank from 0) of each match, by row and rank; `out` by row."""
    rows, columns = matches
    near = chunk[rows, columns]
    order = np.lexsort((columns, near, rows))
    rows, columns, near = rows[order], columns[order], near[order]
    ranks = np.empty_like(rows)
    asked, starts = np.unique(rows, return_index=True)
    leaves = np.searchsorted(out[0], [asked, asked + 1])
    for row, (begin, end), (first, last) in zip(asked, pairwise([*starts, len(rows)]), leaves.T, strict=True):
        values = chunk[row].copy()  # one at a time: it stays near the core
        if np.isnan(values.min()) or np.isinf(near[begin:end]).any():
            raise DataSetInvalid("ranking: distances hold NaN or infinity")
        values[out[1][first:last]] = np.inf
        ranks[begin:end] = _ranks(values, columns[begin:end], near[begin:end], ties)
    return rows, ranks


def _ranks(values: Distances, columns: Integers, near: Distances, ties: Ties) -> Integers:
    """Of one query's matches, which are sorted by distance, among all its values."""
    # No match lies beyond the last one, and values alone sort many times faster than their places. A mask in brackets
    # would take longer than the sorting: its branches cannot be foretold
    ordered = np.sort(values.take(np.flatnonzero(values <= near[-1])))
    nearer = np.searchsorted(ordered, near, "left")
    tied = np.searchsorted(ordered, near, "right") - nearer
    return nearer if tied.max() == 1 else nearer + _before_in_tie(values, columns, near, tied, ties)


def _before_in_tie(values: Distances, columns: Integers, near: Distances, tied: Integers, ties: Ties) -> Integers:
    """How many items of the very same distance come before each match; `tied` counts them all, the match too."""
    group = np.cumsum(np.append(True, near[1:] != near[:-1])) - 1
    matches = np.bincount(group)
    matches_before = np.arange(len(near)) - (np.cumsum(matches) - matches)[group]
    wrong = tied - matches[group]
    if ties is Ties.PESSIMISTIC:
        return np.asarray(matches_before + wrong)
    before = matches_before.copy()
    for each in np.flatnonzero(wrong):  # rare: a match at the very distance of somebody else's item
        before[each] = np.count_nonzero(values[: columns[each]] == near[each])
    return np.asarray(before)
