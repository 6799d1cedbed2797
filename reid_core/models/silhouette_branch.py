"""A cue beyond the papers: what a body looks like in outline, from a set of masks, after the gait literature."""

import torch
from torch import Tensor, nn

from reid_core.models.pooling import masked_max, masked_mean
from reid_core.models.present import each_present


class SilhouetteBranch(nn.Module):
    """Each mask to a map; a set of maps pooled over time; horizontal parts of the body, each with its own projection.

    The set is pooled by maximum and mean: the farthest that a limb reached, and where it mostly was. The order of
    frames says nothing, so a tracklet may have gaps and any length.
    """

    def __init__(self, channels: tuple[int, int, int], parts: int, part_width: int) -> None:
        super().__init__()
        first, second, third = channels
        self.maps = nn.Sequential(
            _layer(1, first, 5),
            _layer(first, first, 3),
            nn.MaxPool2d(2),
            _layer(first, second, 3),
            _layer(second, second, 3),
            nn.MaxPool2d(2),
            _layer(second, third, 3),
            _layer(third, third, 3),
        )
        self.strips = nn.AdaptiveAvgPool2d((parts, 1))
        self.highest = nn.AdaptiveMaxPool2d((parts, 1))
        self.projections = nn.Parameter(torch.empty(parts, 2 * third, part_width))
        nn.init.xavier_uniform_(self.projections)
        self.width = parts * part_width

    def forward(self, masks: Tensor, found: Tensor) -> Tensor:
        """masks (B, S, h, w) 0 to 1, found (B, S) -> (B, width)."""
        shown = masks.masked_fill(~found[..., None, None], 0)
        maps = each_present(self.maps, shown[:, :, None], found)  # (B, S, third, h / 4, w / 4)
        sets = torch.cat([masked_max(maps, found), masked_mean(maps, found)], dim=1)
        parts = (self.strips(sets) + self.highest(sets)).squeeze(-1)  # (B, 2 third, parts)
        return torch.einsum("bcp,pcd->bpd", parts, self.projections).flatten(1)


def _layer(channels: int, width: int, kernel: int) -> nn.Sequential:
    convolution = nn.Conv2d(channels, width, kernel, padding=kernel // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(width), nn.LeakyReLU(0.1))
