"""A human parser for drawn people: whatever has not the colour of the picture's rim is somebody."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reid_core import options
from reid_core.models.human_parts import label
from reid_core.records import Image


class OutlineParser:
    class Options(options.Options, frozen=True):
        least: float = 25.0  # grey levels between somebody and the rim

    def __init__(self, options: Options) -> None:
        self._options = options

    def parse(self, pictures: Sequence[Image], paths: Sequence[Path] | None = None) -> list[NDArray[np.uint8] | None]:
        del paths
        return [self._parse(picture) for picture in pictures]

    def _parse(self, picture: Image) -> NDArray[np.uint8]:
        grey = picture.astype(np.float32).mean(axis=2)
        somebody = np.abs(grey - np.median(grey[0])) > self._options.least
        labels = np.where(somebody, label("upper_clothes"), label("background")).astype(np.uint8)
        head = labels[: len(labels) // 3]
        head[head > 0] = label("face")
        return labels
