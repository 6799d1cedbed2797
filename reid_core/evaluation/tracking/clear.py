"""CLEAR-MOT (Bernardin and Stiefelhagen, 2008): who is missed, who is invented, and how often a person's id changes."""

from typing import NamedTuple

import numpy as np

from reid_core.assignment import assign
from reid_core.evaluation.tracking.scene import Scene

OVERLAP = 0.5
_EPSILON = float(np.finfo(np.float64).eps)
_KEEP = 1000.0  # a pair of the frame before is kept, whatever overlaps more
_NOBODY = -1


class Clear(NamedTuple):
    """Counts; those of several sequences add up."""

    matched: int
    missed: int
    false: int
    switches: int
    fragments: int

    def __add__(self, other: object) -> "Clear":  # not a tuple's: figures of two sequences
        if not isinstance(other, Clear):
            return NotImplemented
        return Clear(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    @property
    def mota(self) -> float:
        """0 where nobody truly is: there is nothing to take a share of."""
        true = self.matched + self.missed
        return (self.matched - self.false - self.switches) / true if true else 0.0


def clear(scene: Scene) -> Clear:
    true, found = (int(each.sum()) for each in scene.appearances())
    last = np.full(len(scene.truths), _NOBODY)  # the track each person had last,
    before = last.copy()  # and in the frame before
    begun = np.zeros(len(scene.truths), np.int64)
    matched = switches = 0
    for truth, result, overlap in scene.moments:
        if not overlap.size:  # as the public evaluator does: such a frame interrupts nothing
            continue
        worth = np.where(overlap >= OVERLAP - _EPSILON, _KEEP * (result == before[truth, None]) + overlap, 0.0)
        rows, columns = assign(-worth, 0.0)
        people, tracks = truth[rows], result[columns]
        switches += int(((last[people] != _NOBODY) & (last[people] != tracks)).sum())
        begun[people] += before[people] == _NOBODY
        last[people] = tracks
        before[:] = _NOBODY
        before[people] = tracks
        matched += len(people)
    return Clear(matched, true - matched, found - matched, switches, int(np.maximum(begun - 1, 0).sum()))
