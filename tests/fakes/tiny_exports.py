"""Image networks of one or two layers, exported to ONNX: what they answer can be worked out by hand."""

from pathlib import Path
from typing import Literal

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Kind = Literal["means", "nan", "map", "broken rows"]


def write_export(
    path: Path,
    kind: Kind = "means",
    *,
    batch: int | None = None,
    size: tuple[int, int] | None = (32, 16),
    channels: int = 3,
    scale: float = 1.0,
) -> Path:
    """means: of each channel in four bands from top to bottom, times scale: (N, 12, 1, 1)."""
    height, width = size or (None, None)
    bands = [helper.make_node("AveragePool", ["x"], ["bands"], kernel_shape=[8, 16], strides=[8, 16])]
    flat = helper.make_node("Reshape", ["bands", "shape"], ["flat"])
    scaled = helper.make_node("Mul", ["flat", "scale"], ["scaled"])
    last = {
        "means": [helper.make_node("Identity", ["scaled"], ["y"])],
        # of a negative mean there is no root: dark pictures have no answer
        "nan": [helper.make_node("Sqrt", ["scaled"], ["y"])],
        "map": [helper.make_node("Identity", ["x"], ["y"])],
        "broken rows": [helper.make_node("Concat", ["scaled", "scaled"], ["y"], axis=0)],
    }
    constants = {
        "shape": np.array([0, 4 * channels, 1, 1], dtype=np.int64),
        "scale": np.array([scale], dtype=np.float32),
    }
    nodes = [*bands, flat, scaled, *last[kind]] if kind != "map" else last["map"]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch or "n", channels, height or "h", width or "w"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()] if kind != "map" else [],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path
