"""f_a: a picture network on each frame, spatial maximum, mean over time; where parsing is given, without clothes."""

from typing import Final, Literal

import torch
from torch import Tensor, nn

from reid_core.models.backbones.mobile import Mobile
from reid_core.models.backbones.resnet import ResNet
from reid_core.models.erasure import erased
from reid_core.models.human_parts import CLOTHES, Part, labels_of
from reid_core.models.pooling import masked_mean
from reid_core.models.present import each_present

BackboneName = Literal["resnet50", "resnet18", "mobile"]
Erasure = Literal["never", "train", "always"]

ERASED: Final = labels_of(*CLOTHES, Part.ACCESSORIES)


def backbone(name: BackboneName, last_stride: int) -> ResNet | Mobile:
    match name:
        case "resnet50":
            return ResNet(50, last_stride)
        case "resnet18":
            return ResNet(18, last_stride)
        case "mobile":
            return Mobile(last_stride)


class AppearanceBranch(nn.Module):
    def __init__(self, name: BackboneName, last_stride: int, erasure: Erasure) -> None:
        super().__init__()
        self.backbone = backbone(name, last_stride)
        self.width = self.backbone.channels
        self.erasure = erasure

    def forward(self, frames: Tensor, mask: Tensor, parsing: Tensor | None, parsed: Tensor | None) -> Tensor:
        """frames (B, T, 3, H, W), mask (B, T), parsing (B, T, H, W) labels of ATR, parsed (B, T) -> f_a (B, width)."""
        if parsing is not None and parsed is not None:
            frames = self._without_clothes(frames, parsing, parsed)
        frames = frames.masked_fill(~mask[..., None, None, None], 0)
        maps = each_present(self.backbone, frames, mask)  # (B, T, width, h, w)
        return masked_mean(maps.amax(dim=(3, 4)), mask)

    def _without_clothes(self, frames: Tensor, parsing: Tensor, parsed: Tensor) -> Tensor:
        """After CRE, in the mean colour, as random erasing paints. `train`: every second clip, by chance."""
        if self.erasure == "never" or (self.erasure == "train" and not self.training):
            return frames
        if self.erasure == "train":
            parsed = parsed & (torch.rand(len(frames), 1, device=frames.device) < 0.5)
        return erased(frames, parsing, parsed, ERASED, "mean")
