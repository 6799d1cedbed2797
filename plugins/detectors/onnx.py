"""A people detector of the YOLO families, exported to ONNX: YOLOX, YOLOv8, YOLO11 and those with suppression inside."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from msgspec import Meta

from plugins.detectors.letterbox import GREY, Letterbox
from plugins.detectors.suppression import suppress
from plugins.detectors.yolo_layouts import LAYOUTS, Layout, Output, classes, fits
from plugins.runtimes.onnx import OnnxSession
from reid_core import options
from reid_core.errors import CheckpointInvalid
from reid_core.geometry import Box
from reid_core.protocols import Session
from reid_core.records import Detection, Frame


class OnnxDetector:
    class Options(options.Options, frozen=True):
        path: str  # the model, a .onnx file
        layout: Literal["auto", "yolox", "yolov8", "end2end"] = "auto"  # of its output
        score: Annotated[float, Meta(ge=0, le=1)] = 0.1  # the lowest that is reported; trackers use weak ones too
        iou: Annotated[float, Meta(gt=0, lt=1)] = 0.65  # boxes that overlap more are one person
        person_class: Annotated[int, Meta(ge=0)] = 0  # COCO's
        size: Annotated[int, Meta(ge=32, multiple_of=32)] = 640  # side of the input, if the model takes any; pixels
        threads: Annotated[int, Meta(ge=0)] = 0  # cores for one run; 0 takes all

    def __init__(self, options: Options) -> None:
        self._options = options
        self._session: Session = OnnxSession(Path(options.path).expanduser(), options.threads)
        self._batch, self._size = self._input()
        self._layout = self._probe()

    def detect(self, frames: Sequence[Frame]) -> list[list[Detection]]:
        boxes = [Letterbox(_size(frame), self._size, self._layout.centred) for frame in frames]
        inputs = [self._layout.prepare(box.apply(frame.image)) for box, frame in zip(boxes, frames, strict=True)]
        return [self._people(output, box) for output, box in zip(self._run(inputs), boxes, strict=True)]

    def _people(self, output: Output, letterbox: Letterbox) -> list[Detection]:
        boxes, scores = self._layout.read(output, self._size, self._options.person_class)
        wanted = (scores >= self._options.score) & np.isfinite(boxes).all(axis=1)
        boxes, scores = letterbox.restore(boxes[wanted]), np.minimum(scores[wanted], 1.0)
        # half-precision exports may give boxes without an area
        whole = ((boxes[:, 2:] - boxes[:, :2]) > 0).all(axis=1)
        boxes, scores = boxes[whole], scores[whole]
        if not self._layout.suppressed:
            kept = suppress(boxes, scores, self._options.iou)
            boxes, scores = boxes[kept], scores[kept]
        width, height = letterbox.picture
        clipped = (
            (Box(*map(float, box)).clipped(width, height), score) for box, score in zip(boxes, scores, strict=True)
        )
        return [Detection(box, float(score)) for box, score in clipped if box]

    def _run(self, inputs: Sequence[np.ndarray]) -> Iterator[Output]:
        """One output a picture, whatever number of them the model takes at once."""
        batch = self._batch or max(len(inputs), 1)
        for start in range(0, len(inputs), batch):
            some = np.stack(inputs[start : start + batch])
            if len(some) < batch:
                some = np.concatenate((some, np.zeros((batch - len(some), *some.shape[1:]), dtype=some.dtype)))
            yield from self._session.run([some])[0][: len(inputs) - start]

    def _input(self) -> tuple[int | None, tuple[int, int]]:
        """How many pictures the model takes at once (None: any number), and their width and height."""
        shapes = [spec.shape for spec in self._session.inputs]
        match shapes:
            case [(batch, 3 | None, height, width)]:
                return batch, (width or self._options.size, height or self._options.size)
        raise CheckpointInvalid(
            f"{self._options.path}: takes inputs of shape {shapes}; expected one of (batch, 3, height, width)"
        )

    def _probe(self) -> Layout:
        """Run once on nothing: what comes out tells the layout, and a model that cannot run is found now."""
        width, height = self._size
        outputs = self._session.run([np.full((self._batch or 1, 3, height, width), GREY, dtype=np.float32)])
        shape, path = outputs[0].shape, self._options.path
        asked = self._options.layout
        name = next((each for each in LAYOUTS if asked in ("auto", each) and fits(each, shape, self._size)), None)
        if name is None:
            raise CheckpointInvalid(
                f"{path}: layout {asked}: its output has shape {shape}; expected (batch, anchors, 5 + classes) of "
                "YOLOX, (batch, 4 + classes, anchors) of YOLOv8 and 11, or (batch, boxes, 6) of end2end"
            )
        count = classes(name, shape)
        if count is not None and self._options.person_class >= count:
            raise CheckpointInvalid(
                f"{path}: read as {name}, it knows {count} classes, counted from 0; "
                f"there is no person_class {self._options.person_class}"
            )
        return LAYOUTS[name]


def _size(frame: Frame) -> tuple[int, int]:
    return frame.image.shape[1], frame.image.shape[0]
