"""Any human parser exported to ONNX, trained on ATR, on LIP, or on labels that are mapped to ATR's."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from plugins.parsers.label_sets import LabelSet, atr_numbers, to_atr
from plugins.runtimes.onnx import OnnxSession
from reid_core import options
from reid_core.data.transforms import IMAGENET_MEAN, IMAGENET_STD, ChannelOrder, ColourTriple, to_inputs
from reid_core.errors import CheckpointInvalid, ConfigInvalid
from reid_core.models.human_parts import BACKGROUND
from reid_core.records import Image

Pixels = Annotated[int, Meta(ge=8, le=2048)]
Positive = Annotated[float, Meta(gt=0)]


class OnnxParser:
    """Implements protocols.HumanParser."""

    class Options(options.Options, frozen=True):
        path: (
            str  # the network, a .onnx file: pictures (N, 3, h, w) -> scores (N, labels, h', w') or labels (N, h', w')
        )
        labels: LabelSet = "atr"  # what its labels mean: atr, lip, or for each of them the number of ATR's
        size: tuple[Pixels, Pixels] | None = None  # height, width of its input; null: as the model says; pixels
        mean: ColourTriple = IMAGENET_MEAN  # of values in 0 to 1, in the order of the channels
        std: tuple[Positive, Positive, Positive] = IMAGENET_STD  # mean 0, std 1/255: values of 0 to 255
        order: ChannelOrder = "rgb"  # of the channels
        output: Annotated[int, Meta(ge=0)] = 0  # which of its outputs, where it has several
        batch: Annotated[int, Meta(ge=1, le=256)] = 8  # pictures in one run, if the model takes any number
        threads: Annotated[int, Meta(ge=0)] = 0  # cores for one run; 0 takes all

    def __init__(self, options: Options) -> None:
        self._options = options
        self._numbers = atr_numbers(options.labels)
        self._session = OnnxSession(Path(options.path).expanduser(), options.threads)
        self._fixed_batch, self._size = self._input()
        self._answers(np.zeros((self._fixed_batch or 1, 3, *self._size), dtype=np.float32))  # found at the start

    def parse(self, pictures: Sequence[Image], paths: Sequence[Path] | None = None) -> list[NDArray[np.uint8] | None]:
        del paths
        chosen = self._options
        batch = self._fixed_batch or chosen.batch
        parsed: list[NDArray[np.uint8] | None] = []
        for start in range(0, len(pictures), batch):
            some = pictures[start : start + batch]
            inputs = to_inputs(some, *self._size, mean=chosen.mean, std=chosen.std, order=chosen.order)
            if self._fixed_batch:
                inputs = np.pad(inputs, [(0, batch - len(some)), (0, 0), (0, 0), (0, 0)])
            answers = self._answers(inputs)
            parsed += [self._labels(picture, answer) for picture, answer in zip(some, answers, strict=False)]
        return parsed

    def _labels(self, picture: Image, answer: NDArray[Any]) -> NDArray[np.uint8] | None:
        """answer: (labels, h', w') scores, or (h', w') labels."""
        size = (picture.shape[1], picture.shape[0])
        if answer.ndim == 3:
            scores = np.ascontiguousarray(answer.transpose(1, 2, 0), dtype=np.float32)
            found = cv2.resize(scores, size, interpolation=cv2.INTER_LINEAR).argmax(axis=2)
        else:
            found = cv2.resize(answer.astype(np.int32), size, interpolation=cv2.INTER_NEAREST)
        labels = to_atr(found, self._numbers, self._options.path)
        return labels if (labels != BACKGROUND).any() else None

    def _answers(self, inputs: NDArray[np.float32]) -> NDArray[Any]:
        path, count = self._options.path, len(self._numbers)
        outputs = self._session.run([inputs])
        if self._options.output >= len(outputs):
            raise ConfigInvalid(f"{path}: has {len(outputs)} outputs; the option output counts from 0")
        answer = outputs[self._options.output]
        match answer.shape:
            case (size, _, _) if size == len(inputs) and answer.dtype.kind in "iu":
                return answer
            case (size, labels, _, _) if size == len(inputs) and labels == count:
                return answer
        raise CheckpointInvalid(
            f"{path}: gives {answer.shape} {answer.dtype} for {len(inputs)} pictures; expected scores "
            f"({len(inputs)}, {count}, h, w), for the option labels tells of {count}, or whole numbers "
            f"({len(inputs)}, h, w)"
        )

    def _input(self) -> tuple[int | None, tuple[int, int]]:
        """How many pictures at once (None: any number), and their height and width."""
        path, shapes = self._options.path, [spec.shape for spec in self._session.inputs]
        match shapes:
            case [(batch, 3 | None, height, width)]:
                pass
            case _:
                raise CheckpointInvalid(f"{path}: takes inputs of shape {shapes}; expected (batch, 3, height, width)")
        asked = self._options.size or (height, width)
        if asked[0] is None or asked[1] is None:
            raise ConfigInvalid(f"{path}: takes pictures of any size; say which it was trained on, as size: [512, 512]")
        if height not in (None, asked[0]) or width not in (None, asked[1]):
            raise ConfigInvalid(
                f"{path}: takes pictures of {height} x {width}, the option size says {asked[0]} x {asked[1]} "
                "(height x width); leave it out"
            )
        return batch, (asked[0], asked[1])
