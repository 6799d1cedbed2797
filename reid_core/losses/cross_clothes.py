"""L_BCTri of CRE+BSGA: the same person in other clothes is nearer than the nearest stranger (Batch Cross-clothes)."""

import torch
from torch import Tensor
from torch.nn import functional

from reid_core.losses.triplet import Distance, distances


def cross_clothes_triplet(
    vectors: Tensor, persons: Tensor, clothes: Tensor, margin: float = 0.3, distance: Distance = "cosine"
) -> Tensor:
    """vectors (B, D), persons (B,), clothes (B,) with -1 for unknown -> scalar.

    Eq. 7: one triplet for each positive x_p of other clothes (N of an anchor), all against the anchor's nearest
    negative x_n, with margin m. The paper sums over N; our choice is the mean over N, then over the anchors that have
    a triplet, so that the weight of the loss does not hang on how many outfits a batch happens to hold.
    """
    apart = distances(vectors, vectors, distance)
    same = persons[:, None] == persons[None]
    known = clothes >= 0
    positive = same & (clothes[:, None] != clothes[None]) & known[:, None] & known[None]
    anchors = positive.any(dim=1) & (~same).any(dim=1)
    if not bool(anchors.any()):
        return vectors.sum() * 0  # still a leaf of the graph: training goes on
    nearest = apart.masked_fill(same, torch.inf).amin(dim=1)
    excess = functional.relu(margin + apart - nearest[:, None])[anchors]
    chosen = positive[anchors]
    return (excess.masked_fill(~chosen, 0).sum(dim=1) / chosen.sum(dim=1)).mean()
