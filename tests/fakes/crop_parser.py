"""A human parser that calls the upper third a face and the rest clothes: no body, but one answer for one picture."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reid_core import options
from reid_core.models.human_parts import label
from reid_core.records import Image


class CropParser:
    class Options(options.Options, frozen=True):
        min_height: int = 40  # pixels; nobody in smaller pictures

    def __init__(self, options: Options) -> None:
        self._options = options

    def parse(self, pictures: Sequence[Image], paths: Sequence[Path] | None = None) -> list[NDArray[np.uint8] | None]:
        del paths
        return [self._parse(picture) for picture in pictures]

    def _parse(self, picture: Image) -> NDArray[np.uint8] | None:
        height, width = picture.shape[:2]
        if height < self._options.min_height:
            return None
        labels = np.full((height, width), label("upper_clothes"), dtype=np.uint8)
        labels[: height // 3] = label("face")
        labels[:, : width // 6] = label("background")
        return labels
