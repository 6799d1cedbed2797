"""What the YOLO families put out, and want to be given, once exported to ONNX.

yolox:   (batch, anchors, 5 + classes), raw grid offsets or boxes already decoded; no suppression yet
yolov8:  (batch, 4 + classes, anchors), also YOLO11; no suppression yet
end2end: (batch, boxes, 6), exported with suppression, or trained to need none
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from reid_core.geometry import Boxes
from reid_core.records import Image

LayoutName = Literal["yolox", "yolov8", "end2end"]
STRIDES = (8, 16, 32)
Output = NDArray[Any]  # of one picture
Scores = NDArray[np.float64]
Reader = Callable[[Output, tuple[int, int], int], tuple[Boxes, Scores]]


@dataclass(frozen=True, slots=True)
class Layout:
    name: LayoutName
    read: Reader  # output, (width, height) of the input, class -> boxes in the input and their scores
    prepare: Callable[[Image], NDArray[np.float32]]  # (H, W, 3) RGB uint8 -> (3, H, W)
    centred: bool  # where the picture lies in the input
    suppressed: bool  # no two boxes of the output are of one person


def fits(name: LayoutName, shape: tuple[int, ...], size: tuple[int, int]) -> bool:
    """Whether a model of this layout, with an input of this (width, height), may have an output of this shape."""
    if len(shape) != 3:
        return False
    _, rows, columns = shape
    match name:
        case "yolox":
            return rows == sum((size[0] // stride) * (size[1] // stride) for stride in STRIDES) and columns >= 6
        case "yolov8":
            return 5 <= rows <= columns
        case "end2end":
            return columns == 6


def classes(name: LayoutName, shape: tuple[int, ...]) -> int | None:
    """How many classes the model tells apart, where its output shows it."""
    match name:
        case "yolox":
            return shape[2] - 5
        case "yolov8":
            return shape[1] - 4
        case "end2end":
            return None


def _as_yolox(image: Image) -> NDArray[np.float32]:
    return np.ascontiguousarray(image[..., ::-1].transpose(2, 0, 1), dtype=np.float32)  # BGR, 0 to 255


def _as_ultralytics(image: Image) -> NDArray[np.float32]:
    return np.ascontiguousarray(image.transpose(2, 0, 1), dtype=np.float32) / np.float32(255)  # RGB, 0 to 1


def _read_yolox(output: Output, size: tuple[int, int], wanted: int) -> tuple[Boxes, Scores]:
    places = output[:, :4].astype(np.float64)
    # raw offsets are about one cell; decoded centres are spread over the whole input
    if np.median(places[:, :2]) < STRIDES[0]:
        places = _decoded(places, size)
    return _corners(places), output[:, 4].astype(np.float64) * output[:, 5 + wanted]


def _decoded(raw: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.float64]:
    """Offsets from the cells of three grids, and logarithms of sizes, as centre and size in pixels."""
    cells, strides = [], []
    for stride in STRIDES:
        x, y = np.meshgrid(np.arange(size[0] // stride), np.arange(size[1] // stride))
        cells.append(np.stack((x.ravel(), y.ravel()), axis=1))
        strides.append(np.full((x.size, 1), stride))
    cell, stride_of = np.concatenate(cells), np.concatenate(strides)
    return np.hstack(((raw[:, :2] + cell) * stride_of, np.exp(np.minimum(raw[:, 2:], 20)) * stride_of))


def _read_yolov8(output: Output, _: tuple[int, int], wanted: int) -> tuple[Boxes, Scores]:
    return _corners(output[:4].T.astype(np.float64)), output[4 + wanted].astype(np.float64)


def _read_end2end(output: Output, _: tuple[int, int], wanted: int) -> tuple[Boxes, Scores]:
    rows = output[np.rint(output[:, 5]) == wanted].astype(np.float64)
    return rows[:, :4], rows[:, 4]


def _corners(places: NDArray[np.float64]) -> Boxes:
    """Centre and size -> left, top, right, bottom."""
    half = places[:, 2:] / 2
    return np.hstack((places[:, :2] - half, places[:, :2] + half))


# `auto` takes the first that fits
LAYOUTS: dict[LayoutName, Layout] = {
    "yolox": Layout("yolox", _read_yolox, _as_yolox, centred=False, suppressed=False),
    "end2end": Layout("end2end", _read_end2end, _as_ultralytics, centred=True, suppressed=True),
    "yolov8": Layout("yolov8", _read_yolov8, _as_ultralytics, centred=True, suppressed=False),
}
