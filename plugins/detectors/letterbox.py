"""Fit a picture of any size into a network's input without distorting it, and bring boxes back."""

from dataclasses import dataclass

import cv2
import numpy as np

from reid_core.geometry import Boxes
from reid_core.records import Image

GREY = 114  # what the networks were trained to see beside the picture


@dataclass(frozen=True, slots=True)
class Letterbox:
    """Where a picture of (width, height) lies in an input of (width, height)."""

    picture: tuple[int, int]
    input: tuple[int, int]
    centred: bool  # or in the corner at the top left

    @property
    def inner(self) -> tuple[int, int]:
        """Width and height of the picture in the input."""
        scale = min(self.input[0] / self.picture[0], self.input[1] / self.picture[1])
        width, height = (max(round(side * scale), 1) for side in self.picture)
        return width, height

    @property
    def corner(self) -> tuple[int, int]:
        """Left and top of the picture in the input."""
        if not self.centred:
            return 0, 0
        return (self.input[0] - self.inner[0]) // 2, (self.input[1] - self.inner[1]) // 2

    def apply(self, image: Image) -> Image:
        (left, top), (width, height) = self.corner, self.inner
        padded = np.full((self.input[1], self.input[0], 3), GREY, dtype=np.uint8)
        padded[top : top + height, left : left + width] = cv2.resize(image, self.inner)
        return padded

    def restore(self, boxes: Boxes) -> Boxes:
        """Boxes of the input as boxes of the picture; may reach beyond its edges."""
        # both axes on their own: rounding the inner size has made their scales differ a little
        scale = np.array(self.picture) / np.array(self.inner)
        return np.asarray((boxes - np.tile(self.corner, 2)) * np.tile(scale, 2))
