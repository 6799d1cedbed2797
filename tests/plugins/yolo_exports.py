"""Tiny ONNX models with the outputs of the YOLO families: they see the people they are told of, in a bright frame.

Bright means its first channel: blue for YOLOX, red for the others. The grey beside a picture is not bright.
"""

from collections.abc import Sequence
from math import log
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Person = tuple[float, float, float, float, float]  # left, top, right, bottom in the input; score
ONE: tuple[Person, ...] = ((10, 8, 34, 56, 0.9),)
SIZE = (96, 64)  # width, height of the input


def write_export(
    folder: Path,
    layout: str,
    *,
    batch: int | None = 1,
    people: Sequence[Person] = ONE,
    size: tuple[int, int] = SIZE,
    any_size: bool = False,
) -> str:
    """layout: yolox (raw), decoded (of YOLOX), yolov8 or end2end; with three classes, the first of them person."""
    places, scores = {"yolox": _yolox, "decoded": _decoded, "yolov8": _yolov8, "end2end": _end2end}[layout](
        people, size
    )
    full = 255.0 if layout in ("yolox", "decoded") else 1.0
    constants: dict[str, NDArray[np.generic]] = {
        "places": places[None].astype(np.float32),
        "scores": scores[None].astype(np.float32),
        "full": np.array(full, dtype=np.float32),
        "half": np.array(0.5, dtype=np.float32),
        "two": np.array(2.0, dtype=np.float32),
        "zero": np.array(0.0, dtype=np.float32),
        "one": np.array(1.0, dtype=np.float32),
        "channel": np.array([0], dtype=np.int64),
        "sides": np.array([2, 3], dtype=np.int64),
        "last": np.array([2], dtype=np.int64),
    }
    nodes = [
        helper.make_node("Gather", ["images", "channel"], ["first"], axis=1),
        helper.make_node("ReduceMax", ["first", "sides"], ["brightest"], keepdims=0),  # (batch, 1)
        helper.make_node("Unsqueeze", ["brightest", "last"], ["light"]),
        helper.make_node("Div", ["light", "full"], ["share"]),
        helper.make_node("Sub", ["share", "half"], ["above"]),
        helper.make_node("Mul", ["above", "two"], ["twice"]),
        helper.make_node("Clip", ["twice", "zero", "one"], ["bright"]),
        helper.make_node("Mul", ["scores", "bright"], ["seen"]),
        helper.make_node("Add", ["places", "seen"], ["output"]),
    ]
    width, height = ("w", "h") if any_size else size
    graph = helper.make_graph(
        nodes,
        layout,
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [batch or "batch", 3, height, width])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [batch or "batch", *places.shape])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    path = folder / f"{layout}.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
    return str(path)


Rows = tuple[NDArray[np.float64], NDArray[np.float64]]  # what is always there, what a bright frame adds


def _cells(size: tuple[int, int]) -> list[tuple[int, int, int]]:
    """Column, row and stride of each anchor, in the order of the exports."""
    return [(x, y, s) for s in (8, 16, 32) for y in range(size[1] // s) for x in range(size[0] // s)]


def _yolox(people: Sequence[Person], size: tuple[int, int]) -> Rows:
    places = np.zeros((len(_cells(size)), 8))
    places[:, 4] = 1.0  # something is there; whether it is a person comes with the light
    scores = np.zeros_like(places)
    for number, (left, top, right, bottom, score) in enumerate(people):
        anchor = 5 + 7 * number  # any: an offset may reach beyond its cell
        x, y, stride = _cells(size)[anchor]
        centre = ((left + right) / 2 / stride - x, (top + bottom) / 2 / stride - y)
        places[anchor, :4] = (*centre, log((right - left) / stride), log((bottom - top) / stride))
        scores[anchor, 5] = score
    return places, scores


def _decoded(people: Sequence[Person], size: tuple[int, int]) -> Rows:
    places = np.array([((x + 0.5) * s, (y + 0.5) * s, s, s, 1.0, 0, 0, 0) for x, y, s in _cells(size)])
    scores = np.zeros_like(places)
    for number, (left, top, right, bottom, score) in enumerate(people):
        places[number, :4] = ((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)
        scores[number, 5] = score
    return places, scores


def _yolov8(people: Sequence[Person], size: tuple[int, int]) -> Rows:
    places, scores = _decoded(people, size)
    columns = [0, 1, 2, 3, 5, 6, 7]
    return places[:, columns].T, scores[:, columns].T


def _end2end(people: Sequence[Person], _: tuple[int, int]) -> Rows:
    places, scores = np.zeros((10, 6)), np.zeros((10, 6))
    places[9] = (0, 0, 5, 5, 0.99, 2)  # something that is no person
    for number, (left, top, right, bottom, score) in enumerate(people):
        places[number, :4] = (left, top, right, bottom)
        scores[number, 4] = score
    return places, scores
