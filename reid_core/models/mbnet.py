"""A network after the abstract of MBNet (Mei et al., Neural Networks 190, 2025), no reproduction of it.

Of the paper only the abstract is public. It names three branches (global, clothing-unrelated, mask) and their modules
(KTM, FAM with a background constraint, CFM); how each is made is our choice, here and in the files of the parts.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

import torch
from msgspec import Meta
from torch import Tensor, nn

from reid_core import options
from reid_core.data.batches import ImageBatch
from reid_core.losses.background import background_loss
from reid_core.losses.identity import identity_loss
from reid_core.losses.transfer import transfer_loss
from reid_core.losses.triplet import batch_hard_triplet
from reid_core.models.asgl_inputs import CueBatch
from reid_core.models.backbones.resnet import ResNet
from reid_core.models.cross_attention import CrossFusion
from reid_core.models.erasure import Fill, erased
from reid_core.models.feature_attention import FeatureAttention
from reid_core.models.heads import bn_neck, classifier
from reid_core.models.human_parts import Part, labels_of
from reid_core.models.image_inputs import ImageInputs, PictureShape, body_mask, parsing_found
from reid_core.models.pooling import spatial_mean
from reid_core.models.stages import ONE_STAGE, begin_only_stage
from reid_core.records import FUSED

Weight = Annotated[float, Meta(ge=0)]

# The abstract's crops keep head and legs; the background stays for FAM to suppress
_ERASED = labels_of(Part.TOPS, Part.BOTTOMS, Part.DRESS, Part.ARMS, Part.ACCESSORIES)


class Branch(nn.Module):
    """Feature -> BN neck -> classifier."""

    def __init__(self, width: int, persons: int) -> None:
        super().__init__()
        self.neck = bn_neck(width)
        self.classify = classifier(width, persons)


class MbNet(nn.Module):
    class Options(options.Options, frozen=True):
        persons: Annotated[int, Meta(ge=1)]  # of the training
        picture: PictureShape = PictureShape()
        depth: Literal[18, 50] = 50  # of the three ResNets
        heads: Annotated[int, Meta(ge=1)] = 32  # of CFM's attention
        fill: Fill = "black"  # colour of what is erased
        triplet: Weight = 1.0  # of each branch
        margin: Weight = 0.3
        smoothing: Annotated[float, Meta(ge=0, lt=1)] = 0.1  # of the identity losses
        transfer: Weight = 1.0  # of KTM
        temperature: Annotated[float, Meta(gt=0)] = 4.0  # of KTM's softened answers
        background: Weight = 1.0  # of FAM's background constraint

    stages = ONE_STAGE

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.options = options
        self.picture = options.picture
        self.heatmap_joints = 0
        self.wants_parsing = True
        self.whole = ResNet(options.depth, last_stride=1)  # of the global branch
        self.unrelated = ResNet(options.depth, last_stride=1)
        self.outline = ResNet(options.depth, last_stride=1)  # of the mask branch
        width = self.whole.channels
        self.attend_early = FeatureAttention(width // 2)  # FAM, after layer3
        self.attend_late = FeatureAttention(width)  # and after layer4
        self.fuse = CrossFusion(width, options.heads)  # CFM -> F_ap
        self.global_branch = Branch(width, options.persons)
        self.unrelated_branch = Branch(width, options.persons)
        self.mask_branch = Branch(2 * width, options.persons)

    def begin_stage(self, name: str) -> None:
        begin_only_stage(name)

    def forward(self, inputs: ImageInputs) -> dict[str, CueBatch]:
        """Without a parsing map nothing is erased, and the silhouette is the whole picture."""
        whole, unrelated, outline, _ = self._maps(inputs)
        parts = {
            "appearance": self.global_branch.neck(spatial_mean(whole)),
            "unrelated": self.unrelated_branch.neck(spatial_mean(unrelated)),
            "shape": self.mask_branch.neck(self._pose_feature(unrelated, outline)),
        }
        seen = torch.ones(len(whole), device=whole.device)
        known = parsing_found(inputs).to(seen.dtype)
        reliability = {"appearance": seen, "unrelated": known, "shape": known}
        cues = {name: CueBatch(vectors, reliability[name]) for name, vectors in parts.items()}
        return {FUSED: CueBatch(torch.cat(list(parts.values()), dim=1), seen), **cues}

    def losses(self, batch: ImageBatch) -> Mapping[str, Tensor]:
        chosen = self.options
        whole, unrelated, outline, attentions = self._maps(batch)
        of_whole, of_unrelated = spatial_mean(whole), spatial_mean(unrelated)
        body, found = body_mask(batch), parsing_found(batch)
        answers = {
            "global": self._answer(self.global_branch, of_whole, batch.persons),
            "unrelated": self._answer(self.unrelated_branch, of_unrelated, batch.persons),
            "mask": self._answer(self.mask_branch, self._pose_feature(unrelated, outline), batch.persons),
        }
        transfer = transfer_loss(whole, unrelated, answers["global"][0], answers["unrelated"][0], chosen.temperature)
        background = torch.stack([background_loss(places, body, found) for places in attentions]).mean()
        total = chosen.transfer * transfer + chosen.background * background
        total = total + sum(loss for _, loss in answers.values())
        by_branch = {name: loss for name, (_, loss) in answers.items()}
        return {"total": total, **by_branch, "transfer": transfer, "background": background}

    def _answer(self, branch: Branch, feature: Tensor, persons: Tensor) -> tuple[Tensor, Tensor]:
        """The branch's logits, and its identity and triplet losses together."""
        logits: Tensor = branch.classify(branch.neck(feature))
        triplet = batch_hard_triplet(feature, persons, self.options.margin)
        return logits, identity_loss(logits, persons, self.options.smoothing) + self.options.triplet * triplet

    def _maps(self, inputs: ImageInputs) -> tuple[Tensor, Tensor, Tensor, tuple[Tensor, Tensor]]:
        """The last map of each branch, and FAM's two attentions over places."""
        whole: Tensor = self.whole(inputs.pictures)
        net = self.unrelated
        early, first = self.attend_early(net.layer3(net.layer2(net.layer1(net.stem(self._unrelated(inputs))))))
        late, second = self.attend_late(net.layer4(early))
        outline: Tensor = self.outline(body_mask(inputs).expand(-1, 3, -1, -1))
        return whole, late, outline, (first, second)

    def _unrelated(self, inputs: ImageInputs) -> Tensor:
        if inputs.parsing is None:
            return inputs.pictures
        return erased(inputs.pictures, inputs.parsing, parsing_found(inputs), _ERASED, self.options.fill)

    def _pose_feature(self, unrelated: Tensor, outline: Tensor) -> Tensor:
        """F_ap: the silhouette and what clothes do not touch ask each other."""
        feature: Tensor = self.fuse(unrelated, outline.flatten(2).transpose(1, 2))
        return feature
