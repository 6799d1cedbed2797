"""Tracklets and events as small as a test can say them."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from reid_core.records import (
    FUSED,
    CameraId,
    Cue,
    Epoch,
    EventType,
    Evidence,
    IdentityEvent,
    IdentityId,
    IdentityState,
    ModelId,
    TrackletEmbedding,
    TrackletId,
    TrackNumber,
    Verdict,
)

MODEL = ModelId("net", "1", "none")
START = 1_700_000_000.25


def unit(seed: int, dimension: int = 16) -> NDArray[np.float32]:
    """A direction of its own for each seed."""
    vector = np.random.default_rng(seed).standard_normal(dimension)
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def between(a: NDArray[np.float32], b: NDArray[np.float32], similarity: float) -> NDArray[np.float32]:
    """A unit vector at this similarity to a, leaning to b."""
    across = b - np.dot(a, b) * a
    across = across / np.linalg.norm(across)
    return np.asarray(similarity * a + np.sqrt(1 - similarity**2) * across, dtype=np.float32)


def embedding(
    track: int = 1,
    part: int = 0,
    *,
    camera: str = "door",
    person: int = 0,
    vector: NDArray[np.float32] | None = None,
    begin: float = START,
    seconds: float = 4.0,
    model: ModelId = MODEL,
    quality: float = 0.8,
    shots: int = 20,
    cues: Mapping[str, Cue] | None = None,
) -> TrackletEmbedding:
    fused = unit(person) if vector is None else vector
    return TrackletEmbedding(
        tracklet=TrackletId(CameraId(camera), Epoch("boot"), TrackNumber(track), part),
        begin=begin,
        end=begin + seconds,
        branch="image",
        model=model,
        cues={FUSED: Cue(fused), **(cues or {})},
        quality=quality,
        shots=shots,
    )


def event(
    of: TrackletEmbedding,
    identity: str = "P-1",
    state: IdentityState = IdentityState.CONFIRMED,
    version: int = 0,
) -> IdentityEvent:
    return IdentityEvent(
        type=EventType.CREATED,
        identity=IdentityId(identity),
        state=state,
        verdict=Verdict.NEW,
        tracklet=of.tracklet,
        begin=of.begin,
        end=of.end,
        time=of.end + 0.5,
        evidence=Evidence(
            nearest=None,
            score=0.25,
            probability=0.125,
            threshold=0.9,
            runner_up=None,
            margin=None,
            cues={FUSED: 0.25},
            quality=of.quality,
            shots=of.shots,
        ),
        model=of.model,
        gallery_version=version,
        source="restride/site",
    )
