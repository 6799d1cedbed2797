"""ASGL live: a trained checkpoint looks at appearance, shape and gait of the tracklets of all cameras together."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, cast

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from plugins.branches.shots import Shots, best_shots, embedding, unit, usable_shots
from reid_core import options, registry
from reid_core.data.transforms import resize_labels, resize_mask, to_inputs
from reid_core.errors import CheckpointInvalid, ConfigInvalid, DeviceUnavailable, PluginNotFound
from reid_core.options import PluginUse
from reid_core.pose.gaps import without_gaps
from reid_core.protocols import HumanParser, PoseEstimator
from reid_core.records import FUSED, Cue, ModelId, Tracklet, TrackletEmbedding

try:
    import torch

    from plugins.branches.device import DeviceName, torch_device
    from reid_core.models.asgl_inputs import AsglModel, Clip, ClipShape, CueBatch, collate
    from reid_core.models.checkpoint import read_checkpoint
    from reid_core.models.human_parts import BACKGROUND
except ImportError as error:
    raise PluginNotFound(f"branches 'asgl' cannot be loaded ({error}): pip install 'restride[torch]'") from error

Array = NDArray[np.float32]
Labels = NDArray[np.uint8]


class AsglBranch:
    class Options(options.Options, frozen=True):
        weights: str  # the checkpoint, a .safetensors file that restride-lab wrote
        model: str = "asgl"  # that the checkpoint must be of: ASGL, or another that takes the same clips
        pose: PluginUse = PluginUse(use="mediapipe")  # who finds the joints
        parser: PluginUse | None = None  # who parses people, for a model that looks at outlines or erases clothes
        device: DeviceName = "auto"  # auto: the first GPU, where there is one
        batch: Annotated[int, Meta(ge=1, le=1024)] = 16  # tracklets in one run

    def __init__(self, options: Options) -> None:
        self._options = options
        self._device = torch_device(options.device, "asgl")
        path = Path(options.weights).expanduser()
        checkpoint = read_checkpoint(path, options.model)
        self._model = cast(AsglModel, checkpoint.model.to(self._device))
        self._clip = _clip_shape(path, checkpoint.model)
        self._erases = bool(getattr(checkpoint.model, "wants_parsing", False))
        self._parser = _parser(path, options.parser) if self._clip.silhouettes or self._erases else None
        # joints of another estimator, or outlines of another parser, give other vectors from the same weights
        seen = [checkpoint.hash, msgspec.to_builtins(options.pose) if self._clip.poses else None]
        if self._parser is not None:
            seen.append(msgspec.to_builtins(options.parser))
        digest = hashlib.sha256(msgspec.json.encode(seen, order="deterministic")).hexdigest()
        self._id = ModelId(checkpoint.name, checkpoint.card.version, digest[:12])
        self._pose = cast(PoseEstimator, registry.build("poses", options.pose)) if self._clip.poses else None

    def embed(self, tracklets: Sequence[Tracklet]) -> list[TrackletEmbedding | None]:
        chosen = [best_shots(tracklet, self._clip.frames) for tracklet in tracklets]
        seen = [i for i, shots in enumerate(chosen) if shots]
        answers: list[TrackletEmbedding | None] = [None] * len(tracklets)
        for start in range(0, len(seen), self._options.batch):
            some = seen[start : start + self._options.batch]
            cues = self._run([self._prepare(tracklets[i], chosen[i]) for i in some])
            for i, found in zip(some, cues, strict=True):
                if FUSED in found:
                    answers[i] = embedding(tracklets[i], chosen[i], "asgl", self._id, found)
        return answers

    def _prepare(self, tracklet: Tracklet, shots: Shots) -> Clip:
        clip = self._clip
        frames = to_inputs([shot.crop for shot in shots], clip.height, clip.width)
        made = Clip(frames, None)
        if self._pose is not None:
            dense = _evenly(usable_shots(tracklet), clip.poses)
            poses = self._pose.estimate(replace(tracklet, shots=dense))
            made = replace(made, poses=without_gaps(poses, np.array([shot.time for shot in dense])))
        if self._parser is not None and clip.silhouettes:
            dense = _evenly(usable_shots(tracklet), clip.silhouettes)
            parsed = self._parser.parse([shot.crop for shot in dense])
            made = replace(made, silhouettes=[_outline(labels, clip) for labels in parsed])
        if self._parser is not None and self._erases:
            parsed = self._parser.parse([shot.crop for shot in shots])
            made = replace(made, parsing=[_resized(labels, clip) for labels in parsed])
        return made

    def _run(self, clips: Sequence[Clip]) -> list[dict[str, Cue]]:
        inputs = collate(clips, self._clip)
        try:
            with torch.inference_mode():
                outputs = self._model(inputs.to(self._device))
                arrays = {name: _arrays(batch) for name, batch in outputs.items()}
        except torch.OutOfMemoryError as error:
            raise DeviceUnavailable(
                f"asgl: {self._device} has not the memory for {len(clips)} tracklets at once; lower the option batch"
            ) from error
        return [_cues(arrays, i) for i in range(len(clips))]


def _clip_shape(path: Path, model: object) -> ClipShape:
    clip = getattr(model, "clip", None)
    if not isinstance(clip, ClipShape):
        raise CheckpointInvalid(f"{path}: its model does not say which clips it takes; expected one like ASGL")
    return clip


def _parser(path: Path, use: PluginUse | None) -> HumanParser:
    if use is None:
        raise ConfigInvalid(
            f"branches asgl: parser: {path} looks at outlines or erases clothes, so people must be parsed; name a "
            "parser, such as parser: {use: pose}"
        )
    return cast(HumanParser, registry.build("parsers", use))


def _outline(labels: Labels | None, clip: ClipShape) -> Array | None:
    if labels is None:
        return None
    body = np.where(labels != BACKGROUND, 255, 0).astype(np.uint8)
    return resize_mask(body, clip.silhouette_height, clip.silhouette_width)


def _resized(labels: Labels | None, clip: ClipShape) -> Labels | None:
    return None if labels is None else resize_labels(labels, clip.height, clip.width)


def _evenly(shots: Shots, most: int) -> Shots:
    """All of them, or so many at equal steps from first to last."""
    if len(shots) <= most:
        return shots
    return tuple(shots[i] for i in np.linspace(0, len(shots) - 1, most).round().astype(int))


def _arrays(batch: CueBatch) -> tuple[Array, Array]:
    return batch.vectors.float().cpu().numpy(), batch.reliability.float().cpu().numpy()


def _cues(arrays: Mapping[str, tuple[Array, Array]], i: int) -> dict[str, Cue]:
    """Those that say something: with a direction, and reliable at all."""
    found = {}
    for name, (vectors, reliability) in arrays.items():
        vector = unit(vectors[i])
        if vector is not None and reliability[i] > 0:  # NaN is not
            found[name] = Cue(vector, float(min(reliability[i], 1.0)))
    return found
