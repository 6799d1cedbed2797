"""What people look like, for the trackers that match by it: vectors from a branch, and those each track had before."""

from collections.abc import Callable, Sequence
from math import ceil, floor
from typing import cast

import numpy as np
from numpy.typing import NDArray

from reid_core.options import PluginUse
from reid_core.protocols import Branch
from reid_core.records import Detection, Frame, Shot, Tracklet, TrackletId, TrackNumber
from reid_core.registry import build

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]
Describe = Callable[[Frame, Sequence[Detection]], Floats]  # (N, D), a row of unit length or, where it cannot see, zeros


class BranchDescribes:
    """Any branch, given each detection as a tracklet of one shot."""

    def __init__(self, use: PluginUse) -> None:
        self._branch = cast(Branch, build("branches", use))

    def __call__(self, frame: Frame, detections: Sequence[Detection]) -> Floats:
        places, tracklets = [], []
        for place, detection in enumerate(detections):
            if (shot := _shot(frame, detection)) is not None:
                places.append(place)
                name = TrackletId(frame.camera, frame.epoch, TrackNumber(place), 0)
                tracklets.append(Tracklet(name, (shot,), frame.time, frame.time))
        seen = [
            (place, embedding.fused)
            for place, embedding in zip(places, self._branch.embed(tracklets) if tracklets else [], strict=True)
            if embedding is not None
        ]
        vectors = np.zeros((len(detections), len(seen[0][1]) if seen else 0))
        for place, vector in seen:
            vectors[place] = vector
        return vectors


def _shot(frame: Frame, detection: Detection) -> Shot | None:
    height, width = frame.image.shape[:2]
    box = detection.box.clipped(width, height)
    if box is None:
        return None
    crop = frame.image[floor(box.top) : ceil(box.bottom), floor(box.left) : ceil(box.right)]
    return Shot(frame.time, crop, box, detection.score, quality=detection.score, best=True)


class Looks:
    """The last vectors of each track. A new one is blended into the one before, where the paper does so."""

    def __init__(self, budget: int, blend: float = 0.0) -> None:
        self._budget = budget
        self._blend = blend  # share of the vector before
        self._ids: Ids = np.empty(0, np.int64)  # rising
        self._vectors: Floats = np.zeros((0, budget, 0))  # newest first; zeros where there is none

    def distance(self, ids: Ids, vectors: Floats) -> Floats:
        """1 - cosine to the most alike of each track's vectors: (tracks, detections). 1 where either is unknown."""
        mine = np.zeros((len(ids), self._budget, vectors.shape[1]))
        if self._ids.size and self._vectors.shape[2] == vectors.shape[1]:
            rows = np.minimum(np.searchsorted(self._ids, ids), len(self._ids) - 1)
            known = self._ids[rows] == ids
            mine[known] = self._vectors[rows[known]]
        return np.asarray(1.0 - (mine @ vectors.T).max(1, initial=0.0))

    def learn(self, ids: Ids, vectors: Floats, living: Ids) -> None:
        """What these tracks look like now; those not among the living are forgotten."""
        seen = vectors.any(1)
        ids, vectors = ids[seen], vectors[seen]
        if vectors.shape[1] != self._vectors.shape[2]:
            self._ids, self._vectors = np.empty(0, np.int64), np.zeros((0, self._budget, vectors.shape[1]))
        keep = np.isin(self._ids, living)
        everyone = np.union1d(self._ids[keep], ids)
        all_vectors = np.zeros((len(everyone), self._budget, vectors.shape[1]))
        all_vectors[np.searchsorted(everyone, self._ids[keep])] = self._vectors[keep]
        rows = np.searchsorted(everyone, ids)
        before = all_vectors[rows, 0]
        share = np.where(before.any(1), self._blend, 0.0)[:, None]
        now = share * before + (1.0 - share) * vectors
        all_vectors[rows, 1:] = all_vectors[rows, :-1]
        all_vectors[rows, 0] = now / np.maximum(np.sqrt((now * now).sum(1, keepdims=True)), 1e-12)
        self._ids, self._vectors = everyone, all_vectors

    def state(self) -> dict[str, NDArray[np.generic]]:
        return {"looks_ids": self._ids, "looks": self._vectors}

    def restore(self, state: dict[str, NDArray[np.generic]]) -> None:
        self._ids, self._vectors = state["looks_ids"].astype(np.int64), state["looks"].astype(np.float64)
