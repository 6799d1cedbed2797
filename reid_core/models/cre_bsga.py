"""CRE+BSGA (Mu et al., BMVC 2022): clothes erased from a second copy of each picture, attention led by the body."""

from collections.abc import Mapping
from typing import Annotated, Literal

import torch
from msgspec import Meta
from torch import Tensor, nn

from reid_core import options
from reid_core.data.batches import ImageBatch
from reid_core.losses.cross_clothes import cross_clothes_triplet
from reid_core.losses.identity import identity_loss
from reid_core.models.asgl_inputs import CueBatch
from reid_core.models.backbones.resnet import ResNet
from reid_core.models.body_shape_attention import BodyShapeAttention, Reduction
from reid_core.models.erasure import Fill, erased
from reid_core.models.heads import bn_neck, classifier
from reid_core.models.human_parts import CLOTHES, Part, labels_of
from reid_core.models.image_inputs import ImageInputs, PictureShape, body_mask, parsing_found
from reid_core.models.pooling import spatial_mean
from reid_core.models.stages import ONE_STAGE, begin_only_stage
from reid_core.records import FUSED


class CreBsga(nn.Module):
    class Options(options.Options, frozen=True):
        persons: Annotated[int, Meta(ge=1)]  # of the training
        picture: PictureShape = PictureShape()
        depth: Literal[18, 50] = 50  # of the ResNet; the paper's is 50
        cre: bool = True  # erased copies beside the originals
        bsga: bool = True
        erase_accessories: bool = True  # belt, bag, scarf: the introduction erases them, eq. 1 does not name them
        fill: Fill = "black"  # colour of what is erased
        reduction: Reduction = "mean_max"  # of the channels, in BSGA
        triplet: Annotated[float, Meta(ge=0)] = 1.0  # lambda of eq. 8
        margin: Annotated[float, Meta(ge=0)] = 0.3  # m of eq. 7
        smoothing: Annotated[float, Meta(ge=0, lt=1)] = 0.0  # of the identity loss; eq. 6 has none

    stages = ONE_STAGE

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.options = options
        self.picture = options.picture
        self.heatmap_joints = 0
        self.wants_parsing = options.cre or options.bsga
        self.backbone = ResNet(options.depth, last_stride=1)
        width = self.backbone.channels
        self.attention = BodyShapeAttention(width // 4, options.reduction) if options.bsga else None
        self.neck = bn_neck(width)
        self.classify = classifier(width, options.persons)
        self._erase = labels_of(*CLOTHES, *([Part.ACCESSORIES] if options.erase_accessories else []))

    def begin_stage(self, name: str) -> None:
        begin_only_stage(name)

    def forward(self, inputs: ImageInputs) -> dict[str, CueBatch]:
        """The picture as it is. Without a parsing map the attention is given a mask of ones: any place may be body."""
        feature = self._feature(inputs.pictures, body_mask(inputs))
        return {FUSED: CueBatch(feature, torch.ones(len(feature), device=feature.device))}

    def losses(self, batch: ImageBatch) -> Mapping[str, Tensor]:
        pictures, mask, persons, clothes = batch.pictures, body_mask(batch), batch.persons, batch.clothes
        if self.options.cre:  # 2N: originals and erased, of the same persons; our choice: of the same clothes too
            pictures = torch.cat([pictures, self._without_clothes(batch)])
            mask, persons, clothes = (torch.cat([each, each]) for each in (mask, persons, clothes))
        feature = self._feature(pictures, mask)
        identity = identity_loss(self.classify(feature), persons, self.options.smoothing)
        # on what lies between the neck and the classifier, as section 3.3 says
        triplet = cross_clothes_triplet(feature, persons, clothes, self.options.margin)
        return {"total": identity + self.options.triplet * triplet, "identity": identity, "cross_clothes": triplet}

    def _without_clothes(self, batch: ImageBatch) -> Tensor:
        if batch.parsing is None:
            return batch.pictures
        return erased(batch.pictures, batch.parsing, parsing_found(batch), self._erase, self.options.fill)

    def _feature(self, pictures: Tensor, mask: Tensor) -> Tensor:
        net = self.backbone
        maps: Tensor = net.layer2(net.layer1(net.stem(pictures)))
        if self.attention is not None:
            maps = self.attention(maps, mask)
        feature: Tensor = self.neck(spatial_mean(net.layer4(net.layer3(maps))))
        return feature
