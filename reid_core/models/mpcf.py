"""MPCF (Deng et al.): CAMC's two branches, SE and CMF, and the pose guiding three levels of the backbone, MLFG."""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta
from torch import Tensor, nn

from reid_core import options
from reid_core.data.batches import ImageBatch
from reid_core.losses.guidance import guidance_loss
from reid_core.losses.identity import identity_loss
from reid_core.models.asgl_inputs import CueBatch
from reid_core.models.backbones.resnet import ResNet
from reid_core.models.camc import fused_and_halves
from reid_core.models.cross_attention import CrossFusion
from reid_core.models.heads import bn_neck, classifier
from reid_core.models.image_inputs import ImageInputs, PictureShape, joint_maps
from reid_core.models.pose_guidance import LevelProjection, ShapeEmbedding
from reid_core.models.shape_encoder import ShapeEncoder
from reid_core.models.stages import ONE_STAGE, begin_only_stage

Share = Annotated[float, Meta(ge=0, le=1)]


class Mpcf(nn.Module):
    class Options(options.Options, frozen=True):
        persons: Annotated[int, Meta(ge=1)]  # of the training
        picture: PictureShape = PictureShape(height=384, width=192)
        depth: Literal[18, 50] = 50  # of the ResNet; the paper's is 50
        joints: Literal[13, 14, 17, 18] = 14  # k heatmaps: our skeleton's; the paper's OpenPose gives 18
        patch: Literal[4, 6, 8] = 4  # P, in cells of the heatmaps; above 4 patches overlap
        heads: Annotated[int, Meta(ge=1)] = 32  # of SE and CMF
        smoothing: Share = 0.1  # of the identity loss; our choice, CAMC's
        guide: Share = 0.1  # lambda of eq. 8; the paper does not say: our choice
        guide_weights: tuple[Share, Share, Share] = (0.5, 0.3, 0.2)  # of res3, res4, res5: 5:3:2 in eq. 11's order
        guide_width: Annotated[int, Meta(ge=8)] = 1152  # of f_s and f_i; the paper's is H/8 * W/8
        guide_inside: Annotated[int, Meta(ge=8, multiple_of=8)] = 576  # channels inside each projection: our choice

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
        self.embed_shape = ShapeEmbedding(options.joints, options.guide_width)
        self.fuse = CrossFusion(width, options.heads)
        self.project = nn.ModuleList(
            LevelProjection(width // n, options.guide_inside, options.guide_width) for n in (4, 2, 1)
        )
        self.neck = bn_neck(2 * width)
        self.classify = classifier(2 * width, options.persons)

    def begin_stage(self, name: str) -> None:
        begin_only_stage(name)

    def forward(self, inputs: ImageInputs) -> dict[str, CueBatch]:
        """Guidance is for training alone."""
        heatmaps, found = joint_maps(inputs, self.heatmap_joints)
        feature = self.fuse(self.backbone(inputs.pictures), self.shape(heatmaps))
        return fused_and_halves(self.neck(feature), found)

    def losses(self, batch: ImageBatch) -> Mapping[str, Tensor]:
        heatmaps, found = joint_maps(batch, self.heatmap_joints)
        levels = self._levels(batch.pictures)
        logits = self.classify(self.neck(self.fuse(levels[-1], self.shape(heatmaps))))
        identity = identity_loss(logits, batch.persons, self.options.smoothing)
        embedded = [project(level) for project, level in zip(self.project, levels, strict=True)]  # f_3, f_4, f_5
        guide = guidance_loss(self.embed_shape(heatmaps), embedded, self.options.guide_weights, found)
        share = self.options.guide
        return {"total": (1 - share) * identity + share * guide, "identity": identity, "guide": guide}

    def _levels(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """f_res3, f_res4, f_res5: what stages 3, 4 and 5 of the backbone give, counting the stem as the first."""
        net = self.backbone
        res3: Tensor = net.layer2(net.layer1(net.stem(pictures)))
        res4: Tensor = net.layer3(res3)
        res5: Tensor = net.layer4(res4)
        return res3, res4, res5
