"""FAM of MBNet, after the abstract: which channels, then which places (our choice of form: CBAM, Woo et al. 2018)."""

import torch
from torch import Tensor, nn

from reid_core.models.body_shape_attention import ChannelMeanMax
from reid_core.models.pooling import spatial_max, spatial_mean

_NARROW = 16  # to which part of the channels the bottleneck goes down


class FeatureAttention(nn.Module):
    """(B, C, h, w) -> the same map weighed, and the attention over places (B, 1, h, w), 0 to 1."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        narrow = channels // _NARROW
        self.channels = nn.Sequential(nn.Linear(channels, narrow), nn.ReLU(inplace=True), nn.Linear(narrow, channels))
        self.reduce = ChannelMeanMax()
        self.places = nn.Conv2d(2, 1, 7, padding=3)

    def forward(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        weights = torch.sigmoid(self.channels(spatial_mean(maps)) + self.channels(spatial_max(maps)))
        maps = maps * weights[:, :, None, None]
        places = torch.sigmoid(self.places(self.reduce(maps)))
        return maps * places, places
