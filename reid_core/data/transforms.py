"""Crops -> what an image network takes: one preprocessing for training and for live. No torch."""

from collections.abc import Sequence
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from reid_core.records import Image

ColourTriple = tuple[float, float, float]
ChannelOrder = Literal["rgb", "bgr"]

IMAGENET_MEAN: ColourTriple = (0.485, 0.456, 0.406)  # red, green, blue of pictures in 0 to 1
IMAGENET_STD: ColourTriple = (0.229, 0.224, 0.225)


def resize(crop: Image, height: int, width: int) -> Image:
    """The whole crop in that size; its aspect is not kept, as everywhere in re-identification."""
    if crop.shape[:2] == (height, width):
        return crop
    shrinks = crop.shape[0] * crop.shape[1] > height * width  # a plain bilinear look-up would skip pixels then
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(crop, (width, height), interpolation=interpolation), dtype=np.uint8)


def resize_labels(labels: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """A map of labels to that size: each pixel takes the label nearest to it, for between two labels lies no third."""
    return np.asarray(cv2.resize(labels, (width, height), interpolation=cv2.INTER_NEAREST_EXACT), dtype=np.uint8)


def resize_mask(mask: NDArray[np.uint8], height: int, width: int) -> NDArray[np.float32]:
    """A silhouette of 0 to 255 to that size and to 0 to 1; its edge becomes soft."""
    resized = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(resized, dtype=np.float32) / np.float32(255)


def scale_points(points: NDArray[np.float32], origin: tuple[int, int], goal: tuple[int, int]) -> NDArray[np.float32]:
    """(..., 2) x, y in pixels of a picture of (height, width) to those of its resized form."""
    return points * np.array([goal[1] / origin[1], goal[0] / origin[0]], dtype=np.float32)


def to_inputs(
    crops: Sequence[Image],
    height: int,
    width: int,
    *,
    mean: ColourTriple = IMAGENET_MEAN,
    std: ColourTriple = IMAGENET_STD,
    order: ChannelOrder = "rgb",
) -> NDArray[np.float32]:
    """(N, 3, height, width): each channel (value / 255 - mean) / std; mean and std in the order of the channels."""
    scale = np.float32(1.0) / (np.float32(255.0) * np.asarray(std, dtype=np.float32))
    shift = -np.asarray(mean, dtype=np.float32) / np.asarray(std, dtype=np.float32)
    inputs = np.empty((len(crops), 3, height, width), dtype=np.float32)
    for place, crop in zip(inputs, crops, strict=True):
        channels = resize(crop, height, width)[..., :: 1 if order == "rgb" else -1]
        place[:] = (channels * scale + shift).transpose(2, 0, 1)
    return inputs
