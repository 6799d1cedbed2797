"""HOTA (Luiten et al., IJCV 2021): how well people are found, and how long each is kept, at 19 strictnesses."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reid_core.assignment import assign
from reid_core.evaluation.tracking.scene import Floats, Scene

STRICTNESS: Floats = np.arange(0.05, 0.99, 0.05)  # overlap from which a pair counts
_EPSILON = float(np.finfo(np.float64).eps)


class Hota(NamedTuple):
    """Sums at each strictness; those of several sequences add up."""

    matched: Floats
    missed: Floats
    false: Floats
    association: Floats  # over matched pairs, how well the two tracks agree

    def __add__(self, other: object) -> "Hota":  # not a tuple's: figures of two sequences
        if not isinstance(other, Hota):
            return NotImplemented
        return Hota(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    @property
    def det_a(self) -> float:
        return float(self._detection().mean())

    @property
    def ass_a(self) -> float:
        return float(self._associated().mean())

    @property
    def hota(self) -> float:
        return float(np.sqrt(self._detection() * self._associated()).mean())

    def _detection(self) -> Floats:
        return np.asarray(self.matched / np.maximum(1.0, self.matched + self.missed + self.false))

    def _associated(self) -> Floats:
        return np.asarray(self.association / np.maximum(1.0, self.matched))


def hota(scene: Scene) -> Hota:
    true, found = scene.appearances()
    alignment = _alignment(scene, true, found)
    truths, results, overlaps = _pairs(scene, alignment)
    matched, association = np.zeros(len(STRICTNESS)), np.zeros(len(STRICTNESS))
    width = max(len(found), 1)
    key = truths * width + results
    for place, strictness in enumerate(STRICTNESS):
        kept, times = np.unique(key[overlaps >= strictness - _EPSILON], return_counts=True)
        together = true[kept // width] + found[kept % width] - times
        matched[place] = times.sum()
        association[place] = (times * times / np.maximum(1.0, together)).sum()
    return Hota(matched, true.sum() - matched, found.sum() - matched, association)


def _alignment(scene: Scene, true: Floats, found: Floats) -> Floats:
    """How much of their whole lives each of the truths and each of the results go together: (truths, results)."""
    together = np.zeros((len(true), len(found)))
    for truth, result, overlap in scene.moments:
        either = overlap.sum(0) + overlap.sum(1)[:, None] - overlap
        share = np.divide(overlap, either, out=np.zeros_like(overlap), where=either > _EPSILON)
        together[truth[:, None], result] += share  # no identity is in a frame twice
    return together / (true[:, None] + found - together)


def _pairs(scene: Scene, alignment: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    """Of all frames, who is paired with whom and their overlap."""
    truths, results, overlaps = [np.empty(0, np.intp)], [np.empty(0, np.intp)], [np.empty(0)]
    for truth, result, overlap in scene.moments:
        rows, columns = assign(-alignment[truth[:, None], result] * overlap, 0.0)
        truths.append(truth[rows])
        results.append(result[columns])
        overlaps.append(overlap[rows, columns])
    return np.concatenate(truths), np.concatenate(results), np.concatenate(overlaps)
