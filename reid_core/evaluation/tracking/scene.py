"""What every figure is counted from: who truly is in each frame, who was found, and how they overlap."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]


class Moment(NamedTuple):
    """One frame. Identities are places in the scene's lists."""

    truth: Rows  # (G,)
    result: Rows  # (R,)
    overlap: Floats  # (G, R) intersection over union


class Scene(NamedTuple):
    """Frames in order of time."""

    moments: tuple[Moment, ...]
    truths: NDArray[np.int64]  # the id of each person, as the file has it
    results: NDArray[np.int64]

    def appearances(self) -> tuple[Floats, Floats]:
        """In how many frames each of the truths and each of the results is."""
        true = [moment.truth for moment in self.moments]
        found = [moment.result for moment in self.moments]
        return _counted(true, len(self.truths)), _counted(found, len(self.results))


def joined(scenes: Mapping[str, Scene]) -> Scene:
    """Several cameras as one scene, in which an id means the same person everywhere."""
    truths = np.unique(np.concatenate([scene.truths for scene in scenes.values()]))
    results = np.unique(np.concatenate([scene.results for scene in scenes.values()]))
    moments = []
    for scene in scenes.values():
        true, found = np.searchsorted(truths, scene.truths), np.searchsorted(results, scene.results)
        moments += [Moment(true[each.truth], found[each.result], each.overlap) for each in scene.moments]
    return Scene(tuple(moments), truths, results)


def rows_of_frames(one: NDArray[np.int64], other: NDArray[np.int64]) -> Iterator[tuple[slice, slice]]:
    """Of two sorted columns of frame numbers, the rows of each frame that either has."""
    frames = np.union1d(one, other)
    edges = (np.searchsorted(column, frames, side) for column in (one, other) for side in ("left", "right"))
    for a, b, c, d in zip(*(each.tolist() for each in edges), strict=True):
        yield slice(a, b), slice(c, d)


def _counted(parts: list[Rows], size: int) -> Floats:
    return np.bincount(np.concatenate(parts) if parts else np.empty(0, np.intp), minlength=size).astype(np.float64)
