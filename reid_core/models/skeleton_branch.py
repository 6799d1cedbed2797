"""ASGL's two sub-branches on the refined skeleton sequence: f_s by a graph of each frame, f_g by one through time."""

from functools import partial
from itertools import pairwise

from torch import Tensor, nn

from reid_core.models.graph import bone_neighbours, near_in_time
from reid_core.models.graph_attention import GraphAttention
from reid_core.models.graph_convolution import GraphConvolution
from reid_core.models.pooling import masked_max, masked_mean
from reid_core.models.spatio_temporal import SpatioTemporalAttention, sta_blocks


class ShapeBranch(nn.Module):
    """L graph layers on every frame, global max over joints (equation 4), mean over time."""

    def __init__(
        self, channels: int, widths: tuple[int, ...], heads: int, distance: Tensor, *, attention: bool
    ) -> None:
        super().__init__()
        near = bone_neighbours(distance)
        sizes = (channels, *widths)
        self.layers = nn.ModuleList(
            GraphAttention(a, b, heads, near) if attention else GraphConvolution(a, b, near) for a, b in pairwise(sizes)
        )
        self.width = widths[-1]

    def forward(self, nodes: Tensor, seen: Tensor) -> Tensor:
        """nodes (B, S, J, channels), seen (B, S, J) -> f_s (B, width)."""
        for layer in self.layers:
            nodes = layer(nodes, seen)
        frames = masked_max(nodes.flatten(0, 1), seen.flatten(0, 1)).reshape(*seen.shape[:2], self.width)
        return masked_mean(frames, seen.any(dim=2))


class GaitBranch(nn.Module):
    """B blocks on the spatio-temporal graph, global average over all nodes seen."""

    def __init__(
        self,
        channels: int,
        widths: tuple[int, ...],
        heads: int,
        distance: Tensor,
        *,
        most_steps: int,
        attention: bool,
        content: bool,
    ) -> None:
        super().__init__()
        if attention:
            near = near_in_time(distance, most_steps)
            self.blocks = sta_blocks(
                channels, widths, partial(SpatioTemporalAttention, heads=heads, near=near, content=content)
            )
        else:  # ST-GCN: a graph convolution on each frame, then the same convolution over time
            self.blocks = sta_blocks(channels, widths, partial(GraphConvolution, near=bone_neighbours(distance)))
        self.width = widths[-1]

    def forward(self, nodes: Tensor, seen: Tensor) -> Tensor:
        """nodes (B, S, J, channels), seen (B, S, J) -> f_g (B, width)."""
        for block in self.blocks:
            nodes = block(nodes, seen)
        return masked_mean(nodes.flatten(1, 2), seen.flatten(1))
