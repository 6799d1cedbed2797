"""Cosines in full precision, whatever the rest of the network runs in: temperatures multiply their error."""

import torch
from torch import Tensor
from torch.nn import functional


def cosines(a: Tensor, b: Tensor) -> Tensor:
    """(N, D), (M, D) -> (N, M) float32."""
    with torch.autocast(a.device.type, enabled=False):
        return functional.normalize(a.float(), dim=1) @ functional.normalize(b.float(), dim=1).T
