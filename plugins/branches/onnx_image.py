"""Any image re-identification network exported to ONNX: its vectors of a tracklet's best shots, averaged."""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from plugins.branches.shots import Shots, best_shots, embedding, quality_weights, unit
from plugins.runtimes.onnx import OnnxSession
from reid_core import options
from reid_core.data.transforms import IMAGENET_MEAN, IMAGENET_STD, ChannelOrder, ColourTriple, to_inputs
from reid_core.errors import CheckpointInvalid, ConfigInvalid
from reid_core.records import FUSED, Cue, Image, ModelId, Tracklet, TrackletEmbedding, Vector

log = logging.getLogger("restride.branches.onnx_image")

Pixels = Annotated[int, Meta(ge=8, le=1024)]
Positive = Annotated[float, Meta(gt=0)]


class OnnxImageBranch:
    class Options(options.Options, frozen=True):
        path: str  # the network, a .onnx file: pictures (N, 3, height, width) -> vectors (N, D)
        size: tuple[Pixels, Pixels] | None = None  # height, width of its input; null: as the model says; pixels
        mean: ColourTriple = IMAGENET_MEAN  # of values in 0 to 1, in the order of the channels
        std: tuple[Positive, Positive, Positive] = IMAGENET_STD  # mean 0, std 1/255: values of 0 to 255
        order: ChannelOrder = "rgb"  # of the channels
        shots: Annotated[int, Meta(ge=1, le=64)] = 5  # the best of a tracklet, so many at most
        batch: Annotated[int, Meta(ge=1, le=1024)] = 32  # pictures in one run, if the model takes any number
        threads: Annotated[int, Meta(ge=0)] = 0  # cores for one run; 0 takes all

    def __init__(self, options: Options) -> None:
        self._options = options
        self._session = OnnxSession(Path(options.path).expanduser(), options.threads)
        self._fixed_batch, self._height, self._width = self._input()
        self._probe()
        seen = (self._session.hash, self._height, self._width, options.mean, options.std, options.order, options.shots)
        digest = hashlib.sha256(msgspec.json.encode(seen)).hexdigest()
        self._model = ModelId("onnx_image", "1", digest[:12])
        self._refused = 0

    @property
    def refused(self) -> int:
        """Tracklets for which the network gave no finite vector, until now."""
        return self._refused

    def embed(self, tracklets: Sequence[Tracklet]) -> list[TrackletEmbedding | None]:
        chosen = [best_shots(tracklet, self._options.shots) for tracklet in tracklets]
        vectors = self._run([shot.crop for shots in chosen for shot in shots])
        return [self._embed(tracklet, shots, vectors) for tracklet, shots in zip(tracklets, chosen, strict=True)]

    def _embed(
        self, tracklet: Tracklet, shots: Shots, vectors: Iterator[NDArray[np.float32]]
    ) -> TrackletEmbedding | None:
        """Takes its shots' vectors from the front of the others."""
        if not shots:
            return None
        vector = _average([next(vectors) for _ in shots], shots)
        if vector is None:
            self._refuse(tracklet)
            return None
        cue = Cue(vector)
        return embedding(tracklet, shots, "onnx_image", self._model, {FUSED: cue, "appearance": cue})

    def _refuse(self, tracklet: Tracklet) -> None:
        if not self._refused:  # once: the same fault would come with every tracklet
            log.warning(
                "%s: no finite vector for tracklet %s; such tracklets are left out", self._options.path, tracklet.id
            )
        self._refused += 1

    def _run(self, crops: Sequence[Image]) -> Iterator[NDArray[np.float32]]:
        """One vector a crop, in order; whoever they belong to, they go through the network together."""
        batch = self._fixed_batch or self._options.batch
        for start in range(0, len(crops), batch):
            some = crops[start : start + batch]
            inputs = to_inputs(
                some,
                self._height,
                self._width,
                mean=self._options.mean,
                std=self._options.std,
                order=self._options.order,
            )
            if self._fixed_batch:
                inputs = np.pad(inputs, [(0, batch - len(some)), (0, 0), (0, 0), (0, 0)])
            yield from self._vectors(inputs)[: len(some)]

    def _vectors(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        output = self._session.run([inputs])[0]
        if output.ndim < 2 or len(output) != len(inputs) or output[0].size != max(output.shape[1:]):
            raise CheckpointInvalid(
                f"{self._options.path}: gives {output.shape} for {len(inputs)} pictures; expected a vector for each"
            )
        return output.reshape(len(inputs), -1).astype(np.float32)

    def _input(self) -> tuple[int | None, int, int]:
        """How many pictures at once (None: any number), and their height and width."""
        shapes = [spec.shape for spec in self._session.inputs]
        match shapes:
            case [(batch, 3 | None, height, width)]:
                return batch, *self._size(height, width)
        raise CheckpointInvalid(
            f"{self._options.path}: takes inputs of shape {shapes}; expected one of (batch, 3, height, width)"
        )

    def _size(self, height: int | None, width: int | None) -> tuple[int, int]:
        asked = self._options.size or (height, width)
        if asked[0] is None or asked[1] is None:
            raise ConfigInvalid(
                f"{self._options.path}: takes pictures of any size; say which it was trained on, as size: [256, 128]"
            )
        if height not in (None, asked[0]) or width not in (None, asked[1]):
            raise ConfigInvalid(
                f"{self._options.path}: takes pictures of {height} x {width}, the option size says "
                f"{asked[0]} x {asked[1]} (height x width); leave it out"
            )
        return asked[0], asked[1]

    def _probe(self) -> None:
        """Run once on nothing: a model that cannot run is found at the start, not at the first tracklet."""
        self._vectors(np.zeros((self._fixed_batch or 1, 3, self._height, self._width), dtype=np.float32))


def _average(vectors: Sequence[NDArray[np.float32]], shots: Shots) -> Vector | None:
    units = [unit(vector) for vector in vectors]
    seen = [each for each in units if each is not None]
    if len(seen) < len(units):
        return None
    return unit(quality_weights(shots) @ np.stack(seen))
