"""CAMC (Wang et al., ACCV 2022), the baseline of MPCF: appearance and joint heatmaps, aligned and mutually attended."""

from collections.abc import Mapping
from typing import Annotated, Literal

import torch
from msgspec import Meta
from torch import Tensor, nn

from reid_core import options
from reid_core.data.batches import ImageBatch
from reid_core.losses.identity import identity_loss
from reid_core.models.asgl_inputs import CueBatch
from reid_core.models.backbones.resnet import ResNet
from reid_core.models.cross_attention import CrossFusion
from reid_core.models.heads import bn_neck, classifier
from reid_core.models.image_inputs import ImageInputs, PictureShape, joint_maps
from reid_core.models.shape_encoder import ShapeEncoder
from reid_core.models.stages import ONE_STAGE, begin_only_stage
from reid_core.records import FUSED


class Camc(nn.Module):
    class Options(options.Options, frozen=True):
        persons: Annotated[int, Meta(ge=1)]  # of the training
        picture: PictureShape = PictureShape(height=384, width=192)
        depth: Literal[18, 50] = 50  # of the ResNet; the paper's is 50
        joints: Literal[13, 14, 17, 18] = 13  # heatmaps: 13 with the face as one joint, as the paper's code merges them
        patch: Literal[4, 6, 8] = 4  # P, in cells of the heatmaps; above 4 patches overlap
        heads: Annotated[int, Meta(ge=1)] = 32  # of every attention
        smoothing: Annotated[float, Meta(ge=0, lt=1)] = 0.1  # of the identity loss

    stages = ONE_STAGE

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.options = options
        self.picture = options.picture
        self.heatmap_joints: int = options.joints
        self.wants_parsing = False
        self.backbone = ResNet(options.depth, last_stride=1)
        width = self.backbone.channels  # D
        self.shape = ShapeEncoder(options.joints, width, options.heads, options.patch)
        self.fuse = CrossFusion(width, options.heads)
        self.neck = bn_neck(2 * width)
        self.classify = classifier(2 * width, options.persons)

    def begin_stage(self, name: str) -> None:
        begin_only_stage(name)

    def forward(self, inputs: ImageInputs) -> dict[str, CueBatch]:
        heatmaps, found = joint_maps(inputs, self.heatmap_joints)
        return fused_and_halves(self.neck(self._feature(inputs.pictures, heatmaps)), found)

    def losses(self, batch: ImageBatch) -> Mapping[str, Tensor]:
        heatmaps, _ = joint_maps(batch, self.heatmap_joints)
        logits = self.classify(self.neck(self._feature(batch.pictures, heatmaps)))
        identity = identity_loss(logits, batch.persons, self.options.smoothing)
        return {"total": identity, "identity": identity}

    def _feature(self, pictures: Tensor, heatmaps: Tensor) -> Tensor:
        feature: Tensor = self.fuse(self.backbone(pictures), self.shape(heatmaps))
        return feature


def fused_and_halves(feature: Tensor, found: Tensor) -> dict[str, CueBatch]:
    """The halves of F after the neck, as cues. found (B,) bool: where there was a pose; without one, shape is mute."""
    appearance, shape = feature.chunk(2, dim=1)
    seen = torch.ones(len(feature), device=feature.device)
    return {
        FUSED: CueBatch(feature, seen),
        "appearance": CueBatch(appearance, seen),
        "shape": CueBatch(shape, found.to(seen.dtype)),
    }
