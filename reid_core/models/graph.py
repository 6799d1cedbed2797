"""The skeleton as a graph, alone and through time: who is near whom, and attention that keeps to that."""

from collections.abc import Iterable

import torch
from torch import Tensor


def hops(joints: int, bones: Iterable[tuple[int, int]]) -> Tensor:
    """(J, J) int64: d(i, j), bones on the shortest path; `joints` where there is none."""
    distance = torch.full((joints, joints), joints, dtype=torch.int64)
    distance.fill_diagonal_(0)
    for a, b in bones:
        distance[a, b] = distance[b, a] = 1
    for middle in range(joints):
        distance = torch.minimum(distance, distance[:, middle, None] + distance[None, middle])
    return distance.clamp(max=joints)


def bone_neighbours(distance: Tensor) -> Tensor:
    """(J, J) bool: Q_i, the ends of a joint's bones and the joint itself."""
    return distance <= 1


def near_in_time(distance: Tensor, most: int) -> Tensor:
    """N(ĵ_i) of equation 6, (J, 2D + 1, J) bool: joint i now sees joint j at t + w - D, at most D = `most` steps away.

    A step is a bone, or the same joint one frame on (as in ST-GCN), so the distance is hops plus frames.
    """
    frames = torch.arange(-most, most + 1).abs()
    return distance[:, None] + frames[None, :, None] <= most


def masked_softmax(scores: Tensor, allowed: Tensor, dim: int) -> Tensor:
    """Exactly zero where not allowed; all zeros where nothing is."""
    lowest = torch.finfo(scores.dtype).min  # an infinity would make NaN of a row without anything
    return scores.masked_fill(~allowed, lowest).softmax(dim).masked_fill(~allowed, 0)
