"""Gaps in tracks filled on straight lines, once all is known: for recordings, never live."""

from collections.abc import Sequence
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from reid_core.geometry import Box
from reid_core.records import Track, TrackState


def interpolated(tracks: Sequence[Track], times: Sequence[float], most_seconds: float) -> list[Track]:
    """The tracks, and a box for each time at which one was not seen between two sights at most so far apart.

    What is added has the state LOST, and the lesser score of the two sights.
    """
    moments = np.sort(np.asarray(times, dtype=np.float64))
    found = list(tracks)
    for _, sights in groupby(sorted(tracks, key=_whose_and_when), key=lambda track: (track.camera, track.id)):
        for before, after in pairwise(sights):
            if after.time - before.time <= most_seconds:
                first, last = np.searchsorted(moments, (before.time, after.time), "right")
                between = moments[first:last]
                found += _between(before, after, between[between < after.time])
    return sorted(found, key=lambda track: (track.time, track.camera, track.id))


def _whose_and_when(track: Track) -> tuple[str, int, float]:
    return track.camera, track.id, track.time


def _between(before: Track, after: Track, times: NDArray[np.float64]) -> list[Track]:
    share = ((times - before.time) / (after.time - before.time))[:, None]
    boxes = (1 - share) * _edges(before.box) + share * _edges(after.box)
    score = min(before.score, after.score)
    return [
        Track(before.id, before.camera, time, Box(*edges), score, TrackState.LOST)
        for time, edges in zip(times.tolist(), boxes.tolist(), strict=True)
    ]


def _edges(box: Box) -> NDArray[np.float64]:
    return np.array([box.left, box.top, box.right, box.bottom])
