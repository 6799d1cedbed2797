"""A picture of a data set: a row a person, one picture for each of the looks, with its labels."""

from collections.abc import Sequence

import cv2
import numpy as np

from reid_core.data.decode import read_picture
from reid_core.data.samples import UNKNOWN, DataSet, Sample
from reid_core.data.transforms import resize
from reid_core.errors import DataSetInvalid
from reid_core.records import Image

TILE = (128, 64)  # pixels
MARGIN = 26  # below each tile, for two lines of text
_BACKGROUND, _INK = 250, (40, 40, 40)


def contact_sheet(data: DataSet, split: str, people: int, looks: int, seed: int) -> Image:
    """Random people of a split, each in up to `looks` pairs of outfit and camera."""
    samples = data.split(split)
    if not samples:
        raise DataSetInvalid(f"{data.name}: has no split {split!r}; it has {', '.join(_splits(data))}")
    rng = np.random.default_rng(seed)
    persons = sorted({sample.person for sample in samples})
    chosen = sorted(persons[i] for i in rng.permutation(len(persons))[:people])
    rows = [_looks([sample for sample in samples if sample.person == person], looks, rng) for person in chosen]
    height, width = TILE[0] + MARGIN, TILE[1] + 4
    sheet = np.full((height * len(rows), width * max(map(len, rows)), 3), _BACKGROUND, dtype=np.uint8)
    for i, row in enumerate(rows):
        for j, sample in enumerate(row):
            top, left = i * height, j * width + 2
            sheet[top : top + TILE[0], left : left + TILE[1]] = resize(_middle(sample), *TILE)
            camera = "" if sample.camera == UNKNOWN else f" c{sample.camera}"
            _write(sheet, f"{sample.person}{camera}", left, top + TILE[0] + 10)
            _write(sheet, sample.clothes, left, top + TILE[0] + 21)
    return sheet


def _splits(data: DataSet) -> list[str]:
    return ["train", "query", "gallery", *data.unused]


def _looks(samples: Sequence[Sample], count: int, rng: np.random.Generator) -> list[Sample]:
    """One random sample of each outfit on each camera; of too many looks, random ones."""
    first: dict[tuple[str, int], Sample] = {}
    for i in rng.permutation(len(samples)):
        first.setdefault((samples[i].clothes, samples[i].camera), samples[i])
    kept = sorted(list(first)[:count])
    return [first[look] for look in kept]


def _middle(sample: Sample) -> Image:
    return read_picture(sample.paths[len(sample.paths) // 2])


def _write(sheet: Image, text: str, left: int, bottom: int) -> None:
    wide = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.33, 1)[0][0]
    scale = 0.33 * min(1.0, TILE[1] / max(1, wide))  # long labels shrink rather than run into the next tile
    cv2.putText(sheet, text, (left, bottom), cv2.FONT_HERSHEY_SIMPLEX, scale, _INK, 1, cv2.LINE_AA)
