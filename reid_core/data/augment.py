"""Chance changes to training pictures. What was drawn once is done to all frames of a clip and to all that go with it.

Drawing and doing are apart: `draw` takes the chances, the functions after it are pure.
"""

from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from reid_core.data.parsing import ATR_LABELS, ATR_PAIRS, BACKGROUND
from reid_core.data.transforms import IMAGENET_MEAN
from reid_core.options import Options
from reid_core.pose.skeleton import JOINT_COUNT, PAIRS
from reid_core.records import Image

Share = Annotated[float, Meta(ge=0, le=1)]
Floats = NDArray[np.float32]


class AugmentOptions(Options, frozen=True):
    flip: Share = 0.5  # chance to be mirrored
    pad: Annotated[int, Meta(ge=0)] = 10  # pixels of black around the input, out of which its size is cut again
    erase: Share = 0.0  # chance that a rectangle is covered with the mean colour
    erase_smallest: Annotated[float, Meta(gt=0, le=1)] = 0.02  # of the area
    erase_largest: Annotated[float, Meta(gt=0, le=1)] = 0.4
    brightness: Share = 0.0  # each factor is drawn from 1 - this to 1 + this
    contrast: Share = 0.0
    saturation: Share = 0.0
    hue: Annotated[float, Meta(ge=0, le=0.5)] = 0.0  # turns of the colour wheel, either way


@dataclass(frozen=True, slots=True)
class Change:
    """What was drawn for one sample; `height` and `width` are the network's input."""

    height: int
    width: int
    flip: bool = False
    right: int = 0  # pixels that the picture moves to the right before it is mirrored
    down: int = 0
    erased: tuple[int, int, int, int] | None = None  # left, top, right, bottom
    brightness: float = 1.0
    contrast: float = 1.0
    saturation: float = 1.0
    hue: float = 0.0


_ASPECT = (0.3, 1 / 0.3)  # of an erased rectangle, as its paper has it
_ATTEMPTS = 100


def draw(options: AugmentOptions, height: int, width: int, rng: np.random.Generator) -> Change:
    return Change(
        height,
        width,
        flip=bool(rng.random() < options.flip),
        right=int(rng.integers(-options.pad, options.pad + 1)),
        down=int(rng.integers(-options.pad, options.pad + 1)),
        brightness=1 + float(rng.uniform(-options.brightness, options.brightness)),
        contrast=1 + float(rng.uniform(-options.contrast, options.contrast)),
        saturation=1 + float(rng.uniform(-options.saturation, options.saturation)),
        hue=float(rng.uniform(-options.hue, options.hue)),
        erased=_rectangle(options, height, width, rng) if rng.random() < options.erase else None,
    )


def change_picture(change: Change, picture: Image) -> Image:
    """picture: (height, width, 3) of the input's size already."""
    moved = _moved(_coloured(change, picture), change.right, change.down)
    mirrored = moved[:, ::-1] if change.flip else moved
    if change.erased is None:
        return np.ascontiguousarray(mirrored)
    left, top, right, bottom = change.erased
    covered = mirrored.copy()
    covered[top:bottom, left:right] = np.rint(np.asarray(IMAGENET_MEAN) * 255).astype(np.uint8)
    return covered


def change_labels(change: Change, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(height, width) of ATR. What is erased from the picture stays in the labels: they tell what is behind it."""
    moved = _moved(labels, change.right, change.down)
    return np.ascontiguousarray(_MIRRORED_LABELS[moved][:, ::-1]) if change.flip else moved


def change_mask(change: Change, mask: Floats) -> Floats:
    """(h, w) of any size of its own, so it is mirrored but not moved."""
    return np.ascontiguousarray(mask[:, ::-1]) if change.flip else mask


def change_points(change: Change, points: Floats) -> Floats:
    """(..., 14, 2) x, y in pixels of the input. Mirrored, a left hand is a right hand."""
    moved = points + np.array([change.right, change.down], dtype=np.float32)
    if not change.flip:
        return moved
    moved[..., 0] = change.width - moved[..., 0]
    return np.ascontiguousarray(moved[..., _MIRRORED_JOINTS, :])


def change_world(change: Change, joints: Floats) -> Floats:
    """(..., 14, 3) metres around the pelvis, x to the right."""
    if not change.flip:
        return joints
    return joints[..., _MIRRORED_JOINTS, :] * np.array([-1, 1, 1], dtype=np.float32)


def change_visibility(change: Change, visibility: Floats) -> Floats:
    """(..., 14)"""
    return visibility[..., _MIRRORED_JOINTS] if change.flip else visibility


def _swapped(count: int, pairs: tuple[tuple[int, int], ...]) -> NDArray[np.int64]:
    order = np.arange(count, dtype=np.int64)
    for left, right in pairs:
        order[left], order[right] = right, left
    order.setflags(write=False)
    return order


_MIRRORED_JOINTS = _swapped(JOINT_COUNT, PAIRS)
_MIRRORED_LABELS = _swapped(len(ATR_LABELS), ATR_PAIRS).astype(np.uint8)
_MIRRORED_LABELS.setflags(write=False)


def _moved(picture: NDArray[np.uint8], right: int, down: int) -> NDArray[np.uint8]:
    """Black, and background in labels, comes in where the picture leaves."""
    height, width = picture.shape[:2]
    moved = np.full_like(picture, BACKGROUND)
    right, down = max(-width, min(right, width)), max(-height, min(down, height))
    rows, columns = slice(max(0, down), height + min(0, down)), slice(max(0, right), width + min(0, right))
    from_rows, from_columns = slice(max(0, -down), height - max(0, down)), slice(max(0, -right), width - max(0, right))
    moved[rows, columns] = picture[from_rows, from_columns]
    return moved


def _coloured(change: Change, picture: Image) -> Image:
    if (change.brightness, change.contrast, change.saturation, change.hue) == (1, 1, 1, 0):
        return picture
    colours = picture.astype(np.float32) * change.brightness
    colours = _blend(colours, np.float32(_grey(colours).mean()), change.contrast)
    colours = _blend(colours, _grey(colours)[..., None], change.saturation)
    coloured = np.rint(np.clip(colours, 0, 255)).astype(np.uint8)
    if change.hue == 0:
        return coloured
    wheel = cv2.cvtColor(coloured, cv2.COLOR_RGB2HSV_FULL)  # 256 steps a turn
    wheel[..., 0] += np.uint8(round(change.hue * 256) % 256)
    return np.asarray(cv2.cvtColor(wheel, cv2.COLOR_HSV2RGB_FULL), dtype=np.uint8)


def _blend(colours: Floats, towards: Floats | np.float32, factor: float) -> Floats:
    return np.asarray(towards + np.float32(factor) * (colours - towards), dtype=np.float32)


def _grey(colours: Floats) -> Floats:
    return colours @ np.array([0.299, 0.587, 0.114], dtype=np.float32)


def _rectangle(
    options: AugmentOptions, height: int, width: int, rng: np.random.Generator
) -> tuple[int, int, int, int] | None:
    for _ in range(_ATTEMPTS):
        area = rng.uniform(options.erase_smallest, max(options.erase_smallest, options.erase_largest)) * height * width
        aspect = rng.uniform(*_ASPECT)
        tall, wide = round((area * aspect) ** 0.5), round((area / aspect) ** 0.5)
        if 0 < tall < height and 0 < wide < width:
            left, top = int(rng.integers(width - wide + 1)), int(rng.integers(height - tall + 1))
            return left, top, left + wide, top + tall
    return None
