"""The same figures by the most literal loops: slow, and plain to see that they are right."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Drops = Callable[[int, int], bool]  # may this query not be matched with this item?


def one_query(
    row: list[float], right: list[bool], out: list[bool], pessimistic: bool
) -> tuple[int, float, float] | None:
    """(rank of the first match from 0, average precision, inverse negative penalty), or None without a match."""
    left = [item for item in range(len(row)) if not out[item]]
    left.sort(key=lambda item: (row[item], right[item] if pessimistic else False, item))
    hits, first, last, precision = 0, -1, -1, 0.0
    for place, item in enumerate(left):
        if right[item]:
            hits += 1
            precision += hits / (place + 1)
            first = place if first < 0 else first
            last = place
    return (first, precision / hits, hits / (last + 1)) if hits else None


def rerank(features: NDArray[np.float32], queries: int, k1: int, k2: int, share: float) -> NDArray[np.float64]:
    """k-reciprocal re-ranking with whole matrices and sets."""
    count = len(features)
    apart = np.array([[((a - b) ** 2).sum() for b in features] for a in features], dtype=np.float64)
    scaled = apart / apart.max(axis=1, keepdims=True)
    near = [[p, *(int(q) for q in np.argsort(apart[p], kind="stable") if q != p)] for p in range(count)]

    def reciprocal(p: int, k: int) -> set[int]:
        return {q for q in near[p][: k + 1] if p in near[q][: k + 1]}

    encoding = np.zeros((count, count))
    for p in range(count):
        own = reciprocal(p, k1)
        members = set(own)
        for q in own:
            more = reciprocal(q, round(k1 / 2))
            if 3 * len(own & more) >= 2 * len(more):
                members |= more
        for member in members:
            encoding[p, member] = np.exp(-scaled[p, member])
        encoding[p] /= encoding[p].sum()
    expanded = np.array([np.mean([encoding[q] for q in near[p][:k2]], axis=0) for p in range(count)])
    final = np.empty((queries, count - queries))
    for p in range(queries):
        for g in range(queries, count):
            smaller, larger = np.minimum(expanded[p], expanded[g]).sum(), np.maximum(expanded[p], expanded[g]).sum()
            final[p, g - queries] = (1 - share) * (1 - smaller / larger) + share * scaled[p, g]
    return final
