"""ST-GAT: the attention of ASGL's gait branch over joints and neighbouring frames, and its blocks."""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from reid_core.models.graph import masked_softmax
from reid_core.models.present import MaskedBatchNorm


class SpatioTemporalAttention(nn.Module):
    """Equation 5: σ(1/S Σ_s W_s G A_s), within the groups of equation 6.

    A_s: who is near whom, at most D steps of bones and frames. W_s: learned for each pair of joints at each distance
    in time, so that any number of frames can come; with `content` also what the two joints look like (the paper's
    self-attention). The heads' own 1x1 convolutions are the multi-head learning module. σ is ELU, our choice.
    """

    def __init__(self, channels: int, width: int, heads: int, near: Tensor, *, content: bool = True) -> None:
        super().__init__()
        self.heads, self.width = heads, width
        self.theta = nn.Linear(channels, heads * width, bias=False)
        nn.init.xavier_uniform_(self.theta.weight)
        joints, window = near.shape[:2]
        self.importance = nn.Parameter(torch.zeros(heads, joints, window, joints))
        self.asks = nn.Parameter(torch.empty(heads, width)) if content else None
        self.answers = nn.Parameter(torch.empty(heads, width)) if content else None
        for weights in (self.asks, self.answers):
            if weights is not None:
                nn.init.xavier_uniform_(weights)
        self.near: Tensor
        self.register_buffer("near", near, persistent=False)  # (J, 2D + 1, J) bool

    def weights(self, values: Tensor, seen: Tensor) -> Tensor:
        """values (B, heads, S, J, width), seen (B, S, J) -> (B, heads, S, J, 2D + 1, J): W_s A_s, rows of sum one."""
        reach = self.near.shape[1] // 2
        scores = self.importance[None, :, None]
        if self.asks is not None and self.answers is not None:
            asks = torch.einsum("bhsjc,hc->bhsj", values, self.asks)
            answers = torch.einsum("bhsjc,hc->bhsj", values, self.answers)
            scores = scores + functional.leaky_relu(
                asks[..., None, None] + _around(answers, reach)[..., None, :, :], 0.2
            )
        around = _around(seen.to(values.dtype)[:, None], reach)[..., None, :, :] > 0  # (B, 1, S, 1, 2D + 1, J)
        allowed = self.near & around & seen[:, None, :, :, None, None]  # (B, 1, S, J, 2D + 1, J)
        batch, _, frames, joints, window, _ = allowed.shape
        shape = (batch, self.heads, frames, joints, window, joints)
        # a group is a joint at a time: one softmax over all that is near it
        flat = masked_softmax(scores.expand(shape).flatten(4), allowed.flatten(4), dim=-1)
        return flat.reshape(shape)

    def forward(self, nodes: Tensor, seen: Tensor) -> Tensor:
        """nodes (B, S, J, channels), seen (B, S, J) -> (B, S, J, width); zeros where not seen."""
        values: Tensor = self.theta(nodes)
        values = values.reshape(*nodes.shape[:3], self.heads, self.width).permute(0, 3, 1, 2, 4)
        weights = self.weights(values, seen)
        reach, length = self.near.shape[1] // 2, nodes.shape[1]
        padded = functional.pad(values, (0, 0, 0, 0, reach, reach))
        # frame by frame of the window: all neighbours of all nodes at once would be a hundred times the nodes
        parts = [weights[..., w, :] @ padded[:, :, w : w + length] for w in range(2 * reach + 1)]
        return functional.elu(torch.stack(parts).sum(dim=0).mean(dim=1))


class StaBlock(nn.Module):
    """A graph layer, then a 3x1 convolution over time; residual, BatchNorm and ReLU are our choice."""

    def __init__(self, channels: int, width: int, graph: nn.Module) -> None:
        super().__init__()
        self.graph = graph
        self.temporal = nn.Conv2d(width, width, (3, 1), padding=(1, 0), bias=False)
        self.norm = MaskedBatchNorm(width)
        self.shortcut = nn.Identity() if channels == width else nn.Linear(channels, width, bias=False)

    def forward(self, nodes: Tensor, seen: Tensor) -> Tensor:
        """nodes (B, S, J, channels), seen (B, S, J) -> (B, S, J, width); zeros where not seen."""
        out: Tensor = self.graph(nodes, seen)
        out = self.temporal(out.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        out = self.norm(out, seen) + self.shortcut(nodes)
        return functional.relu(out).masked_fill(~seen[..., None], 0)


GraphLayer = Callable[[int, int], nn.Module]  # of channels and width


def sta_blocks(channels: int, widths: tuple[int, ...], layer: GraphLayer) -> nn.ModuleList:
    """B blocks in a row."""
    sizes = (channels, *widths)
    return nn.ModuleList(StaBlock(a, b, layer(a, b)) for a, b in pairwise(sizes))


def _around(each: Tensor, reach: int) -> Tensor:
    """(B, heads, S, J) -> (B, heads, S, 2D + 1, J): of each time, the frames about it; zeros beyond the ends."""
    return functional.pad(each, (0, 0, reach, reach)).unfold(2, 2 * reach + 1, 1).transpose(-1, -2)
