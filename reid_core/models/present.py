"""Layers that look at what is there alone: what a mask leaves out enters no statistic and comes out as zero."""

from torch import Tensor, nn
from torch.nn import functional


class MaskedBatchNorm(nn.Module):
    """values (..., C), mask (...) -> (..., C)."""

    def __init__(self, width: int, *, frozen_bias: bool = False) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(width)
        self.norm.bias.requires_grad_(not frozen_bias)

    def forward(self, values: Tensor, mask: Tensor) -> Tensor:
        norm = self.norm
        if self.training and int(mask.sum()) > 1:  # one row alone has no variance
            there: Tensor = norm(values[mask])
            filled = there.new_zeros(values.shape)
            filled[mask] = there
            return filled
        rows = values.reshape(-1, values.shape[-1])
        fixed = functional.batch_norm(rows, norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=norm.eps)
        return fixed.reshape(values.shape).masked_fill(~mask[..., None], 0)


def each_present(network: nn.Module, items: Tensor, mask: Tensor) -> Tensor:
    """items (B, N, ...), mask (B, N) -> (B, N, ...): the network of every item, zeros where there is none.

    In training only what is there goes through, so that padding does not enter the network's BatchNorm.
    """
    if not network.training:
        out: Tensor = network(items.flatten(0, 1))
        out = out.reshape(*mask.shape, *out.shape[1:])
        return out.masked_fill(~mask.reshape(*mask.shape, *[1] * (out.dim() - 2)), 0)
    if not bool(mask.any()):  # the first item alone, for its shape and for a graph that reaches every weight
        mask = mask.clone()
        mask[0, 0] = True
        return each_present(network, items.new_zeros(items.shape), mask) * 0
    there: Tensor = network(items[mask])
    filled = there.new_zeros(*mask.shape, *there.shape[1:])
    filled[mask] = there
    return filled
