"""Frames and people that walk through them, made by hand."""

from collections.abc import Iterable

import numpy as np

from reid_core.geometry import Box
from reid_core.protocols import Tracker
from reid_core.records import CameraId, Detection, Epoch, Frame, Image, Track

PICTURE: Image = np.zeros((4, 4, 3), np.uint8)


def frame(time: float, index: int = 0, camera: str = "door", epoch: str = "e1") -> Frame:
    return Frame(CameraId(camera), Epoch(epoch), index, time, PICTURE)


def person(
    left: float, top: float = 100.0, score: float = 0.9, width: float = 40.0, height: float = 100.0
) -> Detection:
    return Detection(Box(left, top, left + width, top + height), score)


def follow(tracker: Tracker, scenes: Iterable[tuple[float, list[Detection]]]) -> list[list[Track]]:
    """What the tracker says of each scene: (time, who is seen)."""
    return [tracker.update(frame(time, index), seen) for index, (time, seen) in enumerate(scenes)]
