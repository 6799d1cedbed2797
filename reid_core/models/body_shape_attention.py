"""BSGA, the Body Shape-Guided Attention of Mu et al. (BMVC 2022): places of a feature map, weighed by the body mask."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

Reduction = Literal["mean_max", "convolution"]


class BodyShapeAttention(nn.Module):
    """X (B, C, h, w) and M (B, 1, H, W) -> X_out of X's shape. With mean_max it has 248 parameters."""

    def __init__(self, channels: int, reduction: Reduction = "mean_max") -> None:
        """reduction of X to X_1 (2, h, w): mean and maximum over channels, few parameters as the text says; or the 7x7
        convolution that eq. 2 prints."""
        super().__init__()
        self.reduce = _f7(channels, 2) if reduction == "convolution" else ChannelMeanMax()
        self.see_mask = _f7(1, 1)  # f7x7(M_1) of eq. 2
        self.attend = _f7(3, 1)  # eq. 3
        self.gate = _f7(1, 1)  # f7x7(M_1) of eq. 4

    def forward(self, maps: Tensor, mask: Tensor) -> Tensor:
        small = functional.interpolate(mask, size=maps.shape[2:], mode="bilinear", align_corners=False)  # M_1
        both = torch.cat([self.see_mask(small), self.reduce(maps)], dim=1)  # X_c
        attention = torch.sigmoid(self.attend(both) * self.gate(small))  # A_f
        return maps * attention


class ChannelMeanMax(nn.Module):
    """(B, C, h, w) -> (B, 2, h, w)."""

    def forward(self, maps: Tensor) -> Tensor:
        return torch.cat([maps.mean(dim=1, keepdim=True), maps.amax(dim=1, keepdim=True)], dim=1)


def _f7(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 7, padding=3)
