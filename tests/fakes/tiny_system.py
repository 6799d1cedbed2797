"""Systems of a few hundred weights that keep the contract: stages, losses, and cues at test."""

import os
import signal
from collections.abc import Mapping
from typing import Annotated, Final

import torch
from msgspec import Meta
from torch import Tensor, nn

from reid_core import options
from reid_core.data.batches import ImageBatch
from reid_core.losses.identity import identity_loss
from reid_core.models.asgl_inputs import CueBatch
from reid_core.models.image_inputs import ImageInputs, PictureShape
from reid_core.records import FUSED

KILL_AT: Final = "TINY_SYSTEM_KILL_AT"  # environment: the call of losses at which the process kills itself


class TinyImages(nn.Module):
    class Options(options.Options, frozen=True):
        persons: Annotated[int, Meta(ge=1)]
        picture: PictureShape = PictureShape(height=24, width=16)
        width: Annotated[int, Meta(ge=1)] = 8
        dropout: Annotated[float, Meta(ge=0, lt=1)] = 0.2

    stages: tuple[str, ...] = ("train",)

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.options = options
        self.picture = options.picture
        self.heatmap_joints = 0
        self.wants_parsing = False
        self.features = nn.Sequential(
            nn.Conv2d(3, options.width, 5, stride=2), nn.BatchNorm2d(options.width), nn.ReLU(), nn.AdaptiveAvgPool2d(2)
        )
        self.drop = nn.Dropout(options.dropout)
        self.classify = nn.Linear(4 * options.width, options.persons)
        self.register_buffer("places", torch.arange(5, 9))  # whole numbers, as graphs keep them
        self._calls = 0

    def begin_stage(self, name: str) -> None:
        assert name in self.stages

    def forward(self, inputs: ImageInputs) -> dict[str, CueBatch]:
        vectors: Tensor = self.features(inputs.pictures).flatten(1)
        seen = torch.ones(len(vectors), device=vectors.device)
        dark = (inputs.pictures.mean(dim=(1, 2, 3)) > 0).float()  # a cue that sometimes says nothing
        return {FUSED: CueBatch(vectors, seen), "shape": CueBatch(vectors[:, :8], dark)}

    def losses(self, batch: ImageBatch) -> Mapping[str, Tensor]:
        self._calls += 1
        if os.environ.get(KILL_AT) == str(self._calls):
            os.kill(os.getpid(), signal.SIGKILL)
        vectors: Tensor = self.features(batch.pictures).flatten(1)
        identity = identity_loss(self.classify(self.drop(vectors)), batch.persons)
        small = 1e-3 * vectors.square().mean()
        return {"total": identity + small, "identity": identity, "small": small}


class TinyStaged(TinyImages):
    """First the classifier alone, then all the rest."""

    stages = ("head", "all")

    def begin_stage(self, name: str) -> None:
        super().begin_stage(name)
        self.features.requires_grad_(name == "all")


class TinyPlain(TinyImages):
    """Without norms and chances: shared over processes it learns what one process does."""

    def __init__(self, options: TinyImages.Options) -> None:
        super().__init__(options)
        self.features[1] = nn.Identity()
        self.drop = nn.Dropout(0.0)


class TinyBroken(TinyImages):
    def losses(self, batch: ImageBatch) -> Mapping[str, Tensor]:
        return {name: loss * torch.nan for name, loss in super().losses(batch).items()}
