"""OpenCV's built-in people detector: histograms of oriented gradients under a linear classifier. Needs no weights."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from math import exp
from typing import Annotated

import cv2
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from plugins.detectors.suppression import suppress
from reid_core import options
from reid_core.geometry import Box, Boxes, coverage, iou
from reid_core.records import Detection, Frame, Image

# The classifier looks at windows of 64 x 128 pixels: a person with a margin all around, which users do not want.
PERSON = np.array([13.0, 15.0, 51.0, 111.0])  # where the person is, measured on walkers seen from the side
PERSON_HEIGHT = 96.0
PADDING = (16, 32)  # pixels of a level beyond its edges, so that the margin may lie outside of the frame
NARROWEST = 64 - 2 * PADDING[0]  # a level that, so padded, still holds one window
SAME = 0.5  # windows that overlap a found person by this much are about the same person
INSIDE = 0.7  # a box that lies in a better one by this much is a part of that person


class HogDetector:
    class Options(options.Options, frozen=True):
        max_width: Annotated[int, Meta(ge=64)] = 640  # wider frames are scaled down to this first, pixels
        min_height: Annotated[float, Meta(ge=24)] = 96  # of a person, pixels of the scaled frame
        max_height: Annotated[float, Meta(ge=24)] = 1000  # of a person, pixels of the scaled frame
        scale_step: Annotated[float, Meta(ge=1.01, le=2)] = 1.1  # from one height that is tried to the next
        stride: Annotated[int, Meta(ge=8, multiple_of=8)] = 8  # of the window, pixels
        hit_threshold: float = 0.3  # distance beyond the classifier's plane that a window needs
        iou: Annotated[float, Meta(gt=0, lt=1)] = 0.4  # boxes that overlap more are one person
        threads: Annotated[int, Meta(ge=0)] = 0  # frames of one call that are looked at together; 0: one a core

        def __post_init__(self) -> None:
            if self.max_height < self.min_height:
                raise ValueError(f"expected max_height of at least min_height ({self.min_height:g})")

    def __init__(self, options: Options) -> None:
        self._options = options
        self._hog = cv2.HOGDescriptor()
        self._hog.setSVMDetector(np.array(cv2.HOGDescriptor.getDefaultPeopleDetector()))
        self._pool = ThreadPoolExecutor(options.threads or os.cpu_count() or 1, "hog")

    def detect(self, frames: Sequence[Frame]) -> list[list[Detection]]:
        return list(self._pool.map(lambda frame: self._people(frame.image), frames))

    def _people(self, image: Image) -> list[Detection]:
        height, width = image.shape[:2]
        boxes, margins = self._windows(image)
        kept = suppress(boxes, margins, self._options.iou)
        places, found = np.empty((0, 4)), []
        for index in kept:
            same = iou(boxes[index : index + 1], boxes)[0] > SAME
            # the mean of the windows that agree lies better, and calmer, than the best alone
            weights = margins[same] - self._options.hit_threshold + 1e-6
            place = np.average(boxes[same], axis=0, weights=weights)[None]
            if coverage(place, places).max(initial=0) > INSIDE:
                continue  # a leg or a sleeve looks like a small person
            places = np.vstack((places, place))
            if box := Box(*map(float, place[0])).clipped(width, height):
                found.append(Detection(box, _score(float(margins[index]))))
        return found

    def _windows(self, image: Image) -> tuple[Boxes, NDArray[np.float64]]:
        """The person's box in each window that the classifier takes, and how far beyond its plane it is."""
        height, width = image.shape[:2]
        shrink = min(1.0, self._options.max_width / width)
        stride = (self._options.stride, self._options.stride)
        boxes, margins = [np.empty((0, 4))], [np.empty(0)]
        person = self._options.min_height
        while person <= min(self._options.max_height, height * shrink):
            scale = shrink * PERSON_HEIGHT / person
            size = (round(width * scale), round(height * scale))
            if size[0] < NARROWEST:
                break
            level = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
            corners, beyond = self._hog.detect(level, self._options.hit_threshold, stride, PADDING)
            boxes.append((np.tile(np.reshape(corners, (-1, 2)), 2) + PERSON) / scale)
            margins.append(np.ravel(beyond))
            person *= self._options.scale_step
        return np.concatenate(boxes), np.concatenate(margins)


def _score(margin: float) -> float:
    """0 to 1. Fitted by eye to walkers and to a street: at a margin of 0.7 half of the boxes were people."""
    return 1 / (1 + exp(-3 * (margin - 0.7)))
