"""Tracklets of people in plain clothes, as the cutter would hand them over."""

from collections.abc import Sequence

import cv2
import numpy as np

from reid_core.geometry import Box
from reid_core.records import CameraId, Epoch, Image, Shot, Tracklet, TrackletId, TrackNumber

Colour = tuple[int, int, int]
WALL: Colour = (150, 150, 145)


def person(top: Colour, legs: Colour, *, height: int = 120, wall: Colour = WALL, seed: int = 0) -> Image:
    """A standing figure in the middle of its crop, with the noise of a sensor."""
    width = max(height * 2 // 5, 1)
    picture = np.full((120, 48, 3), wall, dtype=np.uint8)
    cv2.rectangle(picture, (14, 22), (33, 62), top, -1)
    cv2.rectangle(picture, (16, 63), (31, 116), legs, -1)
    cv2.circle(picture, (24, 12), 9, (200, 150, 120), -1)
    noise = np.random.default_rng(seed).normal(0, 4, picture.shape)
    noisy = np.clip(picture + noise, 0, 255).astype(np.uint8)
    return np.asarray(cv2.resize(noisy, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def tracklet(crops: Sequence[Image], number: int = 1, camera: str = "door", best: Sequence[int] = ()) -> Tracklet:
    """Shots every 80 ms; those named in `best` are marked. The crops become read-only, as a cutter's are."""
    for crop in crops:
        crop.setflags(write=False)
    shots = tuple(
        Shot(
            time=10 + 0.08 * i,
            crop=crop,
            box=Box(5, 5, 5 + crop.shape[1], 5 + crop.shape[0]),
            score=0.9,
            quality=min(0.5 + 0.01 * i, 1.0),
            best=i in best,
        )
        for i, crop in enumerate(crops)
    )
    name = TrackletId(CameraId(camera), Epoch("e1"), TrackNumber(number), 0)
    return Tracklet(name, shots, 10.0, 10.0 + 0.08 * max(len(crops) - 1, 1))


def walker(
    top: Colour,
    legs: Colour,
    number: int = 1,
    camera: str = "door",
    *,
    shots: int = 12,
    height: int = 120,
    wall: Colour = WALL,
) -> Tracklet:
    crops = [person(top, legs, height=height, wall=wall, seed=100 * number + i) for i in range(shots)]
    return tracklet(crops, number, camera, best=range(0, shots, 3))
