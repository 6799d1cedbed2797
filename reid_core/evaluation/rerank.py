"""k-reciprocal re-ranking (Zhong et al., CVPR 2017): items that are each other's neighbours belong together.

Symbols as in the paper: N(p, k) neighbours, R(p, k) k-reciprocal neighbours, R* the expanded set, V its encoding,
d_J the Jaccard distance. As is common practice, so that figures compare: an item is its own first neighbour; d is
the squared Euclidean distance over the largest one of its row; rows of V sum to one. Nothing of the size of
(queries + gallery)^2 is ever held.
"""

from collections.abc import Iterator
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from reid_core.evaluation.distances import CHUNK_BYTES, Distances, Features, row_chunks
from reid_core.evaluation.labels import Integers, Mask
from reid_core.options import Options


class Reranking(Options, frozen=True):
    k1: Annotated[int, msgspec.Meta(ge=1)] = 20  # neighbours that may be reciprocal
    k2: Annotated[int, msgspec.Meta(ge=1)] = 6  # neighbours whose encodings are averaged; 1 = none but its own
    share: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.3  # lambda: of the original distance in the final one


def reranked_chunks(
    queries: Features, gallery: Features, options: Reranking, chunk_bytes: int = CHUNK_BYTES
) -> Iterator[Distances]:
    """The rows of the (queries, gallery) matrix of final distances, in order, a few at a time."""
    features = np.concatenate([queries, gallery])
    neighbours, largest = _neighbours(features, max(options.k1 + 1, options.k2), chunk_bytes)
    encoding = _expanded(_encode(features, neighbours, largest, options.k1), neighbours[:, : options.k2])
    asking = len(queries)
    items = encoding.rows_from(asking).transposed(len(features))
    for rows in row_chunks(asking, len(gallery), chunk_bytes):
        original = _squared(features, rows)[:, asking:] / largest[rows, None]
        final = np.empty_like(original)
        for row in range(rows.start, rows.stop):
            shared = _shared(*encoding.row(row), items, len(gallery))
            final[row - rows.start] = 1 - shared / (2 - shared)  # rows of V sum to one: max + min = 2
        yield (1 - options.share) * final + options.share * original


class Sparse:
    """Rows of few values among many columns."""

    def __init__(self, rows: Integers, columns: Integers, values: NDArray[np.float32], count: int) -> None:
        """From entries sorted by row."""
        self.starts = np.searchsorted(rows, np.arange(count + 1))  # row r lies in starts[r]:starts[r + 1]
        self.columns = columns
        self.values = values

    def row(self, row: int) -> tuple[Integers, NDArray[np.float32]]:
        part = slice(self.starts[row], self.starts[row + 1])
        return self.columns[part], self.values[part]

    def entries(self, rows: Integers) -> tuple[Integers, Integers]:
        """Of all entries of these rows: which of `rows` it is in, and where it lies."""
        count = self.starts[rows + 1] - self.starts[rows]
        owner = np.repeat(np.arange(len(rows)), count)
        return owner, np.arange(len(owner)) - np.repeat(np.cumsum(count) - count - self.starts[rows], count)

    def rows_from(self, begin: int) -> "Sparse":
        owner, where = self.entries(np.arange(begin, len(self.starts) - 1))
        return Sparse(owner, self.columns[where], self.values[where], len(self.starts) - 1 - begin)

    def transposed(self, columns: int) -> "Sparse":
        order = np.argsort(self.columns, kind="stable")
        owner, _ = self.entries(np.arange(len(self.starts) - 1))
        return Sparse(self.columns[order], owner[order], self.values[order], columns)


def _squared(features: Features, rows: slice) -> Distances:
    squares = np.einsum("nd,nd->n", features, features)
    chunk = (-2 * features[rows]) @ features.T
    chunk += squares
    chunk += squares[rows, None]
    here = np.arange(rows.start, rows.stop)
    chunk[here - rows.start, here] = 0  # to itself, whatever rounding says
    np.maximum(chunk, 0, out=chunk)
    return chunk


def _neighbours(features: Features, k: int, chunk_bytes: int) -> tuple[Integers, NDArray[np.float32]]:
    """N(p, k) of every item, itself first; and the largest distance of its row."""
    count = len(features)
    k = min(k, count)
    found = np.empty((count, k), dtype=np.int64)
    largest = np.empty(count, dtype=np.float32)
    for rows in row_chunks(count, count, chunk_bytes):
        chunk = _squared(features, rows)
        largest[rows] = chunk.max(axis=1)
        here = np.arange(rows.start, rows.stop)
        chunk[here - rows.start, here] = -1  # before its duplicates
        nearest = np.sort(np.argpartition(chunk, k - 1, axis=1)[:, :k], axis=1)
        order = np.argsort(np.take_along_axis(chunk, nearest, axis=1), axis=1, kind="stable")
        found[rows] = np.take_along_axis(nearest, order, axis=1)
    return found, np.where(largest > 0, largest, 1)


def _reciprocal(neighbours: Integers, k: int) -> Mask:
    """Which of N(p, k) are in R(p, k): those that have p among their own k."""
    near = neighbours[:, :k]
    found = np.empty(near.shape, dtype=np.bool_)
    for rows in row_chunks(len(near), 2 * near.shape[1] ** 2):
        mine = np.arange(rows.start, rows.stop)[:, None, None]
        found[rows] = (near[near[rows]] == mine).any(axis=2)
    return found


def _encode(features: Features, neighbours: Integers, largest: NDArray[np.float32], k1: int) -> Sparse:
    """V: exp(-d) to each member of R*(p, k1), in rows that sum to one."""
    count = len(features)
    full, half = min(k1 + 1, count), min(round(k1 / 2) + 1, count)  # itself is one of them
    near, few = neighbours[:, :full], neighbours[:, :half]
    mutual, mutual_few = _reciprocal(neighbours, full), _reciprocal(neighbours, half)
    keys: list[Integers] = []
    for rows in row_chunks(count, 2 * full * half * full):
        mine = np.where(mutual[rows], near[rows], -1)  # (n, k): R(p, k1)
        theirs = np.where(mutual_few[near[rows]], few[near[rows]], -2)  # (n, k, half): R(q, k1/2) of each neighbour
        common = (theirs[..., None] == mine[:, None, None, :]).any(axis=3).sum(axis=2)
        size = mutual_few[near[rows]].sum(axis=2)
        joins = mutual[rows] & (3 * common >= 2 * size)
        people = np.arange(rows.start, rows.stop, dtype=np.int64) * count
        own = (people[:, None] + mine)[mutual[rows]]
        more = (people[:, None, None] + theirs)[joins[..., None] & (theirs >= 0)]
        keys.append(np.unique(np.concatenate([own, more])))
    row, column = np.divmod(np.concatenate(keys), count)
    weight = np.exp(-_pairwise(features, row, column) / largest[row])
    total = np.bincount(row, weights=weight, minlength=count)
    return Sparse(row, column, (weight / total[row]).astype(np.float32), count)


def _pairwise(features: Features, rows: Integers, columns: Integers) -> NDArray[np.float32]:
    found = np.empty(len(rows), dtype=np.float32)
    for part in row_chunks(len(rows), 2 * features.shape[1]):
        apart = features[rows[part]] - features[columns[part]]
        found[part] = np.einsum("nd,nd->n", apart, apart)
    return found


def _expanded(encoding: Sparse, nearest: Integers) -> Sparse:
    """Local query expansion: V of an item becomes the mean over its k2 nearest."""
    count, k2 = nearest.shape
    rows: list[Integers] = []
    columns: list[Integers] = []
    values: list[NDArray[np.float32]] = []
    for part in row_chunks(count, 400 * k2):  # a row of V has tens to hundreds of entries
        owner, where = encoding.entries(nearest[part].ravel())
        keys, inverse = np.unique((owner // k2) * count + encoding.columns[where], return_inverse=True)
        row, column = np.divmod(keys, count)
        rows.append(row + part.start)
        columns.append(column)
        values.append((np.bincount(inverse, weights=encoding.values[where]) / k2).astype(np.float32))
    return Sparse(np.concatenate(rows), np.concatenate(columns), np.concatenate(values), count)


def _shared(columns: Integers, values: NDArray[np.float32], items: Sparse, count: int) -> NDArray[np.float64]:
    """The sum of the smaller of two encodings, of one query and every gallery item: over shared columns alone."""
    owner, where = items.entries(columns)
    smaller = np.minimum(values[owner], items.values[where])
    return np.asarray(np.bincount(items.columns[where], weights=smaller, minlength=count), dtype=np.float64)
