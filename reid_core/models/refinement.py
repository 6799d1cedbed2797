"""R(.), ASGL's refinement network: each joint's coordinates to a wide feature; before it, joints smoothed over time."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional

from reid_core.models.present import MaskedBatchNorm


class Refinement(nn.Module):
    """j_i -> ĵ_i in R^d: fully connected layers, each joint by itself; BatchNorm and ReLU are our choice."""

    def __init__(self, channels: int, widths: Sequence[int]) -> None:
        super().__init__()
        sizes = [channels, *widths]
        self.layers = nn.ModuleList(
            nn.Linear(a, b, bias=False) for a, b in pairwise(sizes)
        )  # their BatchNorm has the bias
        self.norms = nn.ModuleList(MaskedBatchNorm(width) for width in widths)

    def forward(self, joints: Tensor, seen: Tensor) -> Tensor:
        """joints (B, S, J, channels), seen (B, S, J) -> (B, S, J, d); zeros where not seen."""
        for layer, norm in zip(self.layers, self.norms, strict=True):
            joints = functional.relu(norm(layer(joints), seen))
        return joints


class TemporalRefinement(nn.Module):
    """Not in the paper: noise within a clip is what kills the identity in estimated joints, so a small network
    over about 29 frames of the whole skeleton says how far each joint was off."""

    def __init__(self, joints: int, channels: int, dimensions: int, width: int) -> None:
        super().__init__()
        self.dimensions = dimensions
        sizes = [joints * channels, width, width]
        self.layers = nn.ModuleList(
            nn.Conv1d(a, width, 5, padding=2 * reach, dilation=reach) for a, reach in zip(sizes, (1, 2, 4), strict=True)
        )
        self.residual = nn.Conv1d(width, joints * dimensions, 1)
        nn.init.normal_(self.residual.weight, std=1e-3)  # at first the joints stay about where they are

    def forward(self, joints: Tensor, seen: Tensor) -> Tensor:
        """joints (B, S, J, channels), zeros where not seen (B, S, J) -> the same shape; visibility is kept."""
        there = seen.any(dim=2)[:, None]  # (B, 1, S); padding stays zero in every layer
        out = joints.flatten(2).transpose(1, 2)
        for layer in self.layers:
            out = functional.relu(layer(out)).masked_fill(~there, 0)
        moved: Tensor = self.residual(out).transpose(1, 2)
        moved = moved.reshape(*joints.shape[:3], self.dimensions).masked_fill(~seen[..., None], 0)
        return joints + functional.pad(moved, (0, joints.shape[-1] - self.dimensions))
