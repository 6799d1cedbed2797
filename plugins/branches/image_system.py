"""The image systems live: a trained checkpoint looks at a tracklet's best shots, and what it sees is averaged."""

import hashlib
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Annotated, ClassVar, cast

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from plugins.branches.shots import Shots, best_shots, embedding, quality_weights, unit
from reid_core import options, registry
from reid_core.data.transforms import resize_labels, scale_points, to_inputs
from reid_core.errors import CheckpointInvalid, ConfigInvalid, DeviceUnavailable, PluginNotFound
from reid_core.options import PluginUse
from reid_core.pose.heatmaps import BODY_COUNT, SHRINK, joint_heatmaps, to_body_maps
from reid_core.pose.skeleton import JOINT_COUNT
from reid_core.protocols import HumanParser, PoseEstimator
from reid_core.records import FUSED, Cue, Image, ModelId, Pose, Tracklet, TrackletEmbedding

try:
    import torch

    from plugins.branches.device import DeviceName, torch_device
    from reid_core.models.checkpoint import read_checkpoint
    from reid_core.models.image_inputs import ImageModel, PictureInputs, PictureShape
except ImportError as error:
    raise PluginNotFound(f"branches of images cannot be loaded ({error}): pip install 'restride[torch]'") from error

log = logging.getLogger("restride.branches.image_system")

Floats = NDArray[np.float32]
Seen = dict[str, tuple[Floats, float]]  # of one shot: vector and reliability, by cue


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """One shot as the network takes it."""

    picture: Floats  # (3, height, width)
    parsing: NDArray[np.uint8] | None  # (height, width) labels of ATR; None: nobody was found
    heatmaps: Floats | None  # (joints, height / 4, width / 4); None: no pose was found


class ImageSystemBranch:
    """A subclass names the network."""

    network: ClassVar[str]

    class Options(options.Options, frozen=True):
        weights: str  # the checkpoint, a .safetensors file that restride-lab wrote
        shots: Annotated[int, Meta(ge=1, le=64)] = 5  # the best of a tracklet, so many at most
        parser: PluginUse | None = None  # who finds the parts of the body, where the network asks for them
        pose: PluginUse | None = None  # who finds the joints, where the network looks at them
        device: DeviceName = "auto"  # auto: the first GPU, where there is one
        batch: Annotated[int, Meta(ge=1, le=1024)] = 32  # pictures in one run

    def __init__(self, options: Options) -> None:
        self._options = options
        self._device = torch_device(options.device, self.network)
        path = Path(options.weights).expanduser()
        checkpoint = read_checkpoint(path, self.network)
        model: object = checkpoint.model.to(self._device)
        if not isinstance(getattr(model, "picture", None), PictureShape):
            raise CheckpointInvalid(f"{path}: its model does not say which pictures it takes; is it one of images?")
        self._model = cast(ImageModel, model)
        self._parser = self._made_parser(path)
        self._pose = self._made_pose(path)
        # another parser, or joints of another estimator, give other vectors from the same weights
        helpers = (options.parser if self._parser else None, options.pose if self._pose else None)
        seen = (checkpoint.hash, options.shots, msgspec.to_builtins(helpers))
        digest = hashlib.sha256(msgspec.json.encode(seen, order="deterministic")).hexdigest()
        self._id = ModelId(checkpoint.name, checkpoint.card.version, digest[:12])

    def embed(self, tracklets: Sequence[Tracklet]) -> list[TrackletEmbedding | None]:
        chosen = [best_shots(tracklet, self._options.shots) for tracklet in tracklets]
        seen = self._run(
            look
            for tracklet, shots in zip(tracklets, chosen, strict=True)
            for look in self._looks(replace(tracklet, shots=shots))
        )
        return [self._embed(tracklet, shots, seen) for tracklet, shots in zip(tracklets, chosen, strict=True)]

    def _embed(self, tracklet: Tracklet, shots: Shots, seen: Iterator[Seen]) -> TrackletEmbedding | None:
        """Takes what its shots showed from the front of the others."""
        cues = _averages([next(seen) for _ in shots], shots)
        return embedding(tracklet, shots, self.network, self._id, cues) if FUSED in cues else None

    def _looks(self, tracklet: Tracklet) -> Iterator[_Look]:
        crops = [shot.crop for shot in tracklet.shots]
        if not crops:
            return
        nothing = [None] * len(crops)
        shape = self._model.picture
        parsed = self._parser.parse(crops) if self._parser else nothing
        poses = self._pose.estimate(tracklet) if self._pose else nothing
        pictures = to_inputs(crops, shape.height, shape.width)
        for crop, picture, labels, pose in zip(crops, pictures, parsed, poses, strict=True):
            fitting = None if labels is None else resize_labels(labels, shape.height, shape.width)
            yield _Look(picture, fitting, None if pose is None else self._heatmaps(crop, pose))

    def _heatmaps(self, crop: Image, pose: Pose) -> Floats:
        shape = self._model.picture
        points = scale_points(pose.image, (crop.shape[0], crop.shape[1]), (shape.height, shape.width))
        maps = joint_heatmaps(points, pose.visibility, shape.height, shape.width)
        return to_body_maps(maps) if self._model.heatmap_joints == BODY_COUNT else maps

    def _run(self, looks: Iterable[_Look]) -> Iterator[Seen]:
        """One answer a look, in order; whoever they belong to, they go through the network together."""
        waiting = iter(looks)
        while some := list(islice(waiting, self._options.batch)):
            inputs = self._inputs(some)
            try:
                with torch.inference_mode():
                    cues = {
                        name: (cue.vectors.float().cpu().numpy(), cue.reliability.float().cpu().numpy())
                        for name, cue in self._model(inputs.to(self._device)).items()
                    }
            except torch.OutOfMemoryError as error:
                raise DeviceUnavailable(
                    f"{self.network}: {self._device} has not the memory for {len(some)} pictures at once; "
                    "lower the option batch"
                ) from error
            for i in range(len(some)):
                yield {name: (vectors[i], float(reliability[i])) for name, (vectors, reliability) in cues.items()}

    def _inputs(self, looks: Sequence[_Look]) -> PictureInputs:
        shape = self._model.picture
        inputs = PictureInputs(torch.from_numpy(np.stack([look.picture for look in looks])))
        if self._parser:
            blank = np.zeros((shape.height, shape.width), dtype=np.uint8)
            labels = np.stack([blank if look.parsing is None else look.parsing for look in looks])
            found = torch.tensor([look.parsing is not None for look in looks])
            inputs = replace(inputs, parsing=torch.from_numpy(labels.astype(np.int64)), parsing_mask=found)
        if self._pose:
            size = (self._model.heatmap_joints, shape.height // SHRINK, shape.width // SHRINK)
            none = np.zeros(size, dtype=np.float32)
            maps = np.stack([none if look.heatmaps is None else look.heatmaps for look in looks])
            found = torch.tensor([look.heatmaps is not None for look in looks])
            inputs = replace(inputs, heatmaps=torch.from_numpy(maps), heatmap_mask=found)
        return inputs

    def _made_parser(self, path: Path) -> HumanParser | None:
        if not self._model.wants_parsing:
            return None
        if self._options.parser is None:
            log.warning(
                "%s: %s sees better with the parts of the body; name a parser, as parser: {use: pose}",
                path,
                self.network,
            )
            return None
        return cast(HumanParser, registry.build("parsers", self._options.parser))

    def _made_pose(self, path: Path) -> PoseEstimator | None:
        joints = self._model.heatmap_joints
        if not joints:
            return None
        if joints not in (BODY_COUNT, JOINT_COUNT):
            raise CheckpointInvalid(
                f"{path}: looks at {joints} joints; live poses have {JOINT_COUNT}: train it with joints: {JOINT_COUNT}"
            )
        if self._options.pose is None:
            raise ConfigInvalid(
                f"branches {self.network}: {path} looks at joints; say who finds them, as pose: {{use: mediapipe}}"
            )
        return cast(PoseEstimator, registry.build("poses", self._options.pose))


class Mpcf(ImageSystemBranch):
    network = "mpcf"


class Camc(ImageSystemBranch):
    network = "camc"


class Sci(ImageSystemBranch):
    network = "sci"


class MbNet(ImageSystemBranch):
    network = "mbnet"


class CreBsga(ImageSystemBranch):
    network = "cre_bsga"


def _averages(seen: Sequence[Seen], shots: Shots) -> dict[str, Cue]:
    """Each cue over the shots in which it says something, by their quality and its reliability there."""
    cues = {}
    for name in seen[0] if seen else ():
        units = [unit(each[name][0]) for each in seen]
        reliability = np.array(
            [0.0 if u is None else _sure(each[name][1]) for u, each in zip(units, seen, strict=True)]
        )
        weights = quality_weights(shots) * reliability
        said = [weight * u for weight, u in zip(weights, units, strict=True) if u is not None and weight > 0]
        vector = unit(np.sum(said, axis=0)) if said else None
        if vector is not None:
            cues[name] = Cue(vector, float(np.clip(weights.sum(), 0.0, 1.0)))
    return cues


def _sure(reliability: float) -> float:
    """0 to 1; NaN says nothing."""
    return min(reliability, 1.0) if reliability > 0 else 0.0
