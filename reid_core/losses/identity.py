"""L_ce: which of the training persons is it; labels smoothed (Szegedy et al. 2016)."""

from torch import Tensor
from torch.nn import functional


def identity_loss(logits: Tensor, persons: Tensor, smoothing: float = 0.1) -> Tensor:
    """logits (B, classes), persons (B,) -> scalar. The wrong classes share `smoothing`, as if each were as likely."""
    return functional.cross_entropy(logits, persons, label_smoothing=smoothing)
