"""L_guide of MPCF: what the picture says at each level of the backbone follows what the pose says (eq. 9 to 11)."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def guidance_loss(shape: Tensor, levels: Sequence[Tensor], weights: Sequence[float], found: Tensor) -> Tensor:
    """shape f_s (B, K), levels f_3, f_4, f_5 of (B, K), found (B,) bool: where a pose was -> scalar.

    L_gi = 1/2 KL(softmax f_s || softmax f_i), the mean over the batch; L_guide is their weighted sum. Both sides
    learn: the paper detaches neither, and without a gradient the layer that makes f_s would stay as it was born.
    """
    target = functional.log_softmax(shape.float(), dim=1)
    share = found.float() / found.sum().clamp(min=1)
    total = shape.new_zeros((), dtype=torch.float32)
    for weight, level in zip(weights, levels, strict=True):
        guess = functional.log_softmax(level.float(), dim=1)
        divergence = (target.exp() * (target - guess)).sum(dim=1)
        total = total + weight * 0.5 * (divergence * share).sum()
    return total
