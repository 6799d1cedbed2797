"""Which shots of a tracklet a branch looks at, how much each counts, and the embedding that comes of them."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from reid_core.records import Cue, ModelId, Shot, Tracklet, TrackletEmbedding, Vector

MIN_HEIGHT = 16  # pixels; below, a crop is a smudge
MIN_WIDTH = 6
_LEAST_WEIGHT = 1e-3  # a shot of no quality counts only where all are so

Shots = tuple[Shot, ...]


def usable_shots(tracklet: Tracklet) -> Shots:
    """Those large enough to show anything, in order of time."""
    return tuple(
        shot for shot in tracklet.shots if shot.crop.shape[0] >= MIN_HEIGHT and shot.crop.shape[1] >= MIN_WIDTH
    )


def best_shots(tracklet: Tracklet, most: int) -> Shots:
    """At most so many, in order of time: of those marked as best, or else of all, the highest in quality."""
    usable = usable_shots(tracklet)
    candidates = [shot for shot in usable if shot.best] or usable
    chosen = sorted(candidates, key=lambda shot: -shot.quality)[:most]
    return tuple(sorted(chosen, key=lambda shot: shot.time))


def quality_weights(shots: Shots) -> NDArray[np.float32]:
    """(N,), which sum to one."""
    qualities = np.array([max(shot.quality, _LEAST_WEIGHT) for shot in shots])
    return np.asarray(qualities / qualities.sum(), dtype=np.float32)


def unit(vector: NDArray[np.floating]) -> Vector | None:
    """Of length one; None where there is no direction: a vector of zeros, or with NaN or infinity in it."""
    length = float(np.linalg.norm(vector.astype(np.float64)))
    if not 0.0 < length < np.inf:
        return None
    return np.asarray(vector / length, dtype=np.float32)


def embedding(
    tracklet: Tracklet, shots: Shots, branch: str, model: ModelId, cues: Mapping[str, Cue]
) -> TrackletEmbedding:
    qualities = np.array([shot.quality for shot in shots])
    return TrackletEmbedding(
        tracklet=tracklet.id,
        begin=tracklet.begin,
        end=tracklet.end,
        branch=branch,
        model=model,
        cues=cues,
        quality=float(np.clip(quality_weights(shots) @ qualities, 0.0, 1.0)),  # rounding may pass one
        shots=len(shots),
    )
