"""Many vectors to one: over time and joints with masks, over the places of a feature map without."""

import torch
from torch import Tensor, nn


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """values (B, N, ...), mask (B, N) -> (B, ...): the mean where the mask is True; zeros where it is nowhere."""
    kept = _like(mask, values)
    total = values.masked_fill(~kept, 0).sum(dim=1)
    return total / _like(mask.sum(dim=1).clamp(min=1), total)


def masked_max(values: Tensor, mask: Tensor) -> Tensor:
    """values (B, N, ...), mask (B, N) -> (B, ...): the maximum where the mask is True; zeros where it is nowhere."""
    kept = _like(mask, values)
    highest = values.masked_fill(~kept, -torch.inf).amax(dim=1)
    return highest.masked_fill(~_like(mask.any(dim=1), highest), 0)


def spatial_max(maps: Tensor) -> Tensor:
    """(B, C, h, w) -> (B, C)."""
    return maps.amax(dim=(2, 3))


def spatial_mean(maps: Tensor) -> Tensor:
    """(B, C, h, w) -> (B, C)."""
    return maps.mean(dim=(2, 3))


class GeM(nn.Module):
    """Generalised mean over places, (B, C, h, w) -> (B, C): p = 1 is the mean, p to infinity the maximum; p learns."""

    def __init__(self, p: float = 3.0, least: float = 1e-6) -> None:
        super().__init__()
        self.p = nn.Parameter(torch.tensor(p))
        self.least = least  # roots of zero have no gradient

    def forward(self, maps: Tensor) -> Tensor:
        powers = maps.clamp(min=self.least) ** self.p
        return powers.mean(dim=(2, 3)) ** (1.0 / self.p)


def _like(mask: Tensor, values: Tensor) -> Tensor:
    """With as many dimensions as the values, for broadcasting."""
    return mask.reshape(*mask.shape, *[1] * (values.dim() - mask.dim()))
