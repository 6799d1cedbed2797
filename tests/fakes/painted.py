"""A tracklet of the painted walker, whom a real pose estimator sees, and whose left and right are known.

Seen from behind there is too little to tell left from right by: estimators guess.
"""

import numpy as np

from reid_core.records import Image, Tracklet
from reid_core.synth.figure import Look, paint
from tests.fakes.tracklets import tracklet

LOOK = Look(
    height=1.75,
    build=1.0,
    skin=(224, 172, 140),
    hair=(60, 40, 30),
    top=(40, 80, 160),
    stripe=None,
    legs=(50, 50, 60),
    shoes=(20, 20, 20),
    long_sleeves=True,
)
TOWARDS, AWAY, LEFTWARDS, RIGHTWARDS = np.pi / 2, -np.pi / 2, np.pi, 0.0  # where the walker walks


def painted_crop(phase: float, heading: float = TOWARDS, height: int = 200) -> Image:
    """height: of the person; the crop is a little larger."""
    sprite = paint(LOOK, phase, heading, height)
    ground = np.full((*sprite.alpha.shape, 3), 150.0, dtype=np.float32)
    ground[int(sprite.foot[1]) :] = 120.0
    picture = ground * (1 - sprite.alpha[..., None]) + sprite.colour
    margin = height // 10
    return np.ascontiguousarray(np.clip(picture[:, margin:-margin], 0, 255).astype(np.uint8))


def painted_walk(heading: float = TOWARDS, *, shots: int = 6, height: int = 200, number: int = 1) -> Tracklet:
    return tracklet([painted_crop(i / 14, heading, height) for i in range(shots)], number)
