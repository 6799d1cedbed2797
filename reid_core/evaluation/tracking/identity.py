"""IDF1 (Ristani et al., 2016): each person is given one track for the whole scene; what of both agrees?"""

from typing import NamedTuple

import numpy as np

from reid_core.assignment import assign
from reid_core.evaluation.tracking.scene import Scene

OVERLAP = 0.5


class Identity(NamedTuple):
    """Boxes; those of several sequences add up."""

    right: int
    missed: int
    false: int

    def __add__(self, other: object) -> "Identity":  # not a tuple's: figures of two sequences
        if not isinstance(other, Identity):
            return NotImplemented
        return Identity(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    @property
    def idf1(self) -> float:
        return self.right / max(1.0, self.right + 0.5 * self.missed + 0.5 * self.false)


def identity(scene: Scene) -> Identity:
    """Of one camera; of several, where their scenes are joined."""
    true, found = scene.appearances()
    together = np.zeros((len(true), len(found)))
    for truth, result, overlap in scene.moments:
        rows, columns = (overlap >= OVERLAP).nonzero()
        np.add.at(together, (truth[rows], result[columns]), 1.0)
    pairs = assign(-together, 0.0)
    right = int(together[pairs].sum())
    return Identity(right, int(true.sum()) - right, int(found.sum()) - right)
