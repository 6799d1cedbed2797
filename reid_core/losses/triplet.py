"""L_tri: a person's farthest vector in the batch is nearer than the nearest of anybody else (Hermans et al. 2017)."""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

Distance = Literal["cosine", "euclidean"]


def distances(a: Tensor, b: Tensor, kind: Distance) -> Tensor:
    """(N, D), (M, D) -> (N, M). Cosine: 1 - cos, 0 to 2."""
    if kind == "cosine":
        return 1 - functional.normalize(a, dim=1) @ functional.normalize(b, dim=1).T
    squares = (a * a).sum(1)[:, None] + (b * b).sum(1)[None] - 2 * a @ b.T
    return squares.clamp(min=1e-12).sqrt()  # at zero the root has no gradient


def batch_hard_triplet(vectors: Tensor, persons: Tensor, margin: float = 0.3, distance: Distance = "cosine") -> Tensor:
    """vectors (B, D), persons (B,) -> scalar: the mean over anchors that have a positive and a negative."""
    apart = distances(vectors, vectors, distance)
    same = persons[:, None] == persons[None]
    positive = same & ~torch.eye(len(persons), dtype=torch.bool, device=same.device)
    anchors = positive.any(dim=1) & (~same).any(dim=1)
    if not bool(anchors.any()):
        return vectors.sum() * 0  # still a leaf of the graph: training goes on
    farthest = apart.masked_fill(~positive, -torch.inf).amax(dim=1)[anchors]
    nearest = apart.masked_fill(same, torch.inf).amin(dim=1)[anchors]
    return functional.relu(farthest - nearest + margin).mean()
