"""Who is paired with whom: the pairs of least total cost, none of them beyond the gate.

Most pairs are certain at a glance and are taken in one vectorised step. What is left falls into small groups: a tiny
one is tried in every way, a larger one is solved by shortest augmenting paths (Jonker and Volgenant; Crouse 2016).
"""

from collections.abc import Iterator
from itertools import permutations
from math import perm

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Rows = NDArray[np.intp]
Pairs = tuple[Rows, Rows]  # row and column of each pair

_TRIES = 24  # ways of pairing up to which trying all is the quickest
_NONE = np.empty(0, np.intp)


def assign(cost: Floats, gate: float) -> Pairs:
    """Pairs of rows and columns of cost (N, M), each row and column at most once.

    They minimise the sum of cost over pairs plus `gate` for each pair that is not made: a cost at or above the gate
    (or infinite) never pairs.
    """
    if not cost.size:
        return _NONE, _NONE
    gain = np.maximum(gate - cost, 0.0)  # what a pair is worth over leaving both alone
    rows, columns = np.arange(len(gain)), gain.argmax(1)
    best, second_of_row = _two_greatest(gain, columns)
    _, second_of_column = _two_greatest(gain.T, gain.argmax(0))
    # These two gain more together than with the best others of each: every best assignment holds the pair. A row
    # that is not its column's first choice fails, for the column's second choice is then at least as dear.
    certain = best > second_of_row + second_of_column[columns]
    doubtful = ((best > 0.0) & ~certain).nonzero()[0]
    rows, columns = rows[certain], columns[certain]
    if not doubtful.size:
        return rows, columns
    left = gain[doubtful]
    left[:, columns] = 0.0
    return joined([(rows, columns), *((doubtful[some], others) for some, others in _solved(left))])


def _two_greatest(gain: Floats, columns: Rows) -> tuple[Floats, Floats]:
    """Of each row; `columns` says where the greatest are."""
    rows = np.arange(len(gain))
    others = gain.copy()
    others[rows, columns] = 0.0
    return gain[rows, columns], others.max(1)


def joined(found: list[Pairs]) -> Pairs:
    """The pairs of several assignments as one."""
    if len(found) < 2:
        return found[0] if found else (_NONE, _NONE)
    rows, columns = zip(*found, strict=True)
    return np.concatenate(rows), np.concatenate(columns)


def _solved(gain: Floats) -> Iterator[Pairs]:
    """The pairs with the greatest total gain, those that gain nothing left out."""
    columns = np.flatnonzero(gain.any(0))
    if not columns.size:
        return
    gain = gain[:, columns]
    few, many = sorted(gain.shape)
    groups = [(np.arange(len(gain)), np.arange(len(columns)))] if perm(many, few) <= _TRIES else _groups(gain > 0.0)
    for some, others in groups:
        chosen_rows, chosen_columns = _dearest(gain[np.ix_(some, others)])
        yield some[chosen_rows], columns[others[chosen_columns]]


def _groups(allowed: Flags) -> Iterator[Pairs]:
    """The connected components: rows and columns that share no allowed pair with any other."""
    waiting = allowed.any(1)
    while waiting.any():
        rows = np.zeros_like(waiting)
        rows[waiting.argmax()] = True
        size = 0
        while rows.sum() > size:
            size = int(rows.sum())
            columns = allowed[rows].any(0)
            rows = np.asarray(allowed[:, columns].any(1))
        waiting &= ~rows
        yield np.flatnonzero(rows), np.flatnonzero(columns)


def _dearest(gain: Floats) -> Pairs:
    count, width = gain.shape
    if count > width:
        columns, rows = _dearest(gain.T)
        return rows, columns
    rows = np.arange(count)
    columns = _tried(gain) if perm(width, count) <= _TRIES else _augmented(-gain)
    real = gain[rows, columns] > 0.0
    return rows[real], columns[real]


def _tried(gain: Floats) -> Rows:
    """The column of each row in the dearest of all ways to pair all rows."""
    table = gain.tolist()
    ways = permutations(range(gain.shape[1]), len(table))
    return np.array(max(ways, key=lambda way: sum(row[column] for row, column in zip(table, way, strict=True))))


def _augmented(cost: Floats) -> Rows:
    """The column of each row in the cheapest way to pair all rows; no more rows than columns."""
    count, width = cost.shape
    row_price = cost.min(1)  # prices keep cost - row_price - column_price at or above zero
    column_price = np.zeros(width)
    row_of = np.full(width, -1)
    column_of = np.full(count, -1)
    for start in range(count):
        distance = np.full(width, np.inf)
        open_distance = distance.copy()  # infinite for columns that are reached for good
        came_from = np.empty(width, np.intp)
        row, length = start, 0.0
        reached: list[int] = []
        while True:
            through = cost[row] - column_price + (length - row_price[row])
            nearer = (through < distance) & (open_distance == distance)
            distance[nearer] = open_distance[nearer] = through[nearer]
            came_from[nearer] = row
            column = int(open_distance.argmin())
            length = float(open_distance[column])
            if row_of[column] >= 0:  # of columns equally near, a free one ends the path
                free = np.flatnonzero((open_distance == length) & (row_of < 0))
                column = int(free[0]) if free.size else column
            if row_of[column] < 0:
                break
            reached.append(column)
            open_distance[column] = np.inf
            row = int(row_of[column])
        slack = length - distance[reached]
        column_price[reached] -= slack
        row_price[row_of[reached]] += slack
        row_price[start] += length
        while True:  # turn the path around
            row = int(came_from[column])
            row_of[column], column_of[row], column = row, column, int(column_of[row])
            if row == start:
                break
    return column_of
