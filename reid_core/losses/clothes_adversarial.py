"""L_cal (Gu et al. 2022): the feature shall not tell which clothes of a person are worn."""

import torch
from torch import Tensor
from torch.nn import functional

from reid_core.losses.cosines import cosines


def clothes_loss(features: Tensor, weight: Tensor, clothes: Tensor, scale: float = 16.0) -> Tensor:
    """What the clothes' classifier, weight (C, D), learns from features (B, D), which do not learn from it."""
    return functional.cross_entropy(scale * cosines(features.detach(), weight), clothes)


def clothes_adversarial(
    features: Tensor, weight: Tensor, clothes: Tensor, own: Tensor, epsilon: float = 0.1, scale: float = 16.0
) -> Tensor:
    """What the features learn from a classifier that stands still; scale = 1 / tau.

    clothes (B,), own (B, C) bool: the clothes that the picture's person wears anywhere, the present ones among them.
    These share `epsilon`, the present ones have the rest; each stands against other persons' clothes alone.
    """
    logits = scale * cosines(features, weight.detach())
    others = logits.masked_fill(own, -torch.inf).logsumexp(dim=1, keepdim=True)
    likely = logits - torch.logaddexp(others, logits)
    present = functional.one_hot(clothes, len(weight)).to(logits.dtype)
    shared = own.to(logits.dtype) / own.sum(dim=1, keepdim=True)
    weights = (1 - epsilon) * present + epsilon * shared  # q(c)
    return -(weights * likely).sum(dim=1).mean()
