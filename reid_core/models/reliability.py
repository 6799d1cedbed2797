"""How far a cue can be trusted on this clip: the learned probability that its nearest neighbour is the right person."""

import torch
from torch import Tensor, nn
from torch.nn import functional

HIDDEN = 32
EVIDENCE = 2  # how much of the clip was there, and how clearly


class Reliability(nn.Module):
    """From where the vector points, how long it is, and how much was seen. Reads the cue and never shapes it: else a
    cue would learn to look confident."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(width + 1 + EVIDENCE, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 1))

    def forward(self, vectors: Tensor, evidence: Tensor) -> Tensor:
        """vectors (B, width), evidence (B, 2) 0 to 1 -> (B,) logits."""
        held = vectors.detach()
        length = held.norm(dim=1, keepdim=True)
        # a unit vector's coordinates would be too small to learn from
        direction = held / length.clamp(min=1e-6) * held.shape[1] ** 0.5
        known = torch.cat([direction, torch.log1p(length), evidence.detach()], dim=1)
        logits: Tensor = self.layers(known)
        return logits.squeeze(1)


def neighbour_is_right(vectors: Tensor, persons: Tensor, clothes: Tensor) -> tuple[Tensor, Tensor]:
    """(B,) bool: is the nearest other vector of the same person; and (B,) bool: could it be told at all.

    What has the same person's same clothes (-1: unknown) is left out where that person is there in others too: to
    find those again is easy, and says nothing about whom we would find tomorrow.
    """
    unit = functional.normalize(vectors.detach(), dim=1)
    itself = torch.eye(len(persons), dtype=torch.bool, device=persons.device)
    same = persons[:, None] == persons[None]
    same_outfit = same & (clothes[:, None] == clothes[None]) & (clothes >= 0)[:, None]
    harder = ~itself & ~same_outfit
    candidates = torch.where((same & harder).any(dim=1, keepdim=True), harder, ~itself)
    judged = (same & candidates).any(dim=1) & (~same).any(dim=1)
    nearest = (unit @ unit.T).masked_fill(~candidates, -torch.inf).argmax(dim=1)
    return persons[nearest] == persons, judged


def reliability_loss(logits: Tensor, right: Tensor) -> Tensor:
    """Cross-entropy is a proper score: it is least where the probability said is the share that comes true."""
    return functional.binary_cross_entropy_with_logits(logits, right.to(logits.dtype))
