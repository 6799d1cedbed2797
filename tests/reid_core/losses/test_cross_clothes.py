"""The batch cross-clothes triplet against a slow version that is eq. 7 word by word."""

import pytest
import torch
from torch import Tensor

from reid_core.losses.cross_clothes import cross_clothes_triplet


def slow(vectors: Tensor, persons: Tensor, clothes: Tensor, margin: float) -> float:
    def apart(i: int, j: int) -> float:
        return 1 - float(vectors[i] @ vectors[j] / (vectors[i].norm() * vectors[j].norm()))

    everybody = range(len(vectors))
    by_anchor = []
    for anchor in everybody:
        negatives = [apart(anchor, j) for j in everybody if persons[j] != persons[anchor]]
        positives = [
            apart(anchor, j)
            for j in everybody
            if persons[j] == persons[anchor] and clothes[j] != clothes[anchor] and min(clothes[j], clothes[anchor]) >= 0
        ]
        if negatives and positives:
            triplets = [max(margin + positive - min(negatives), 0.0) for positive in positives]
            by_anchor.append(sum(triplets) / len(triplets))
    return sum(by_anchor) / len(by_anchor) if by_anchor else 0.0


@pytest.mark.parametrize("seed", range(20))
def test_equals_the_slow_version(seed: int) -> None:
    chance = torch.Generator().manual_seed(seed)
    size = int(torch.randint(2, 17, (1,), generator=chance))
    vectors = torch.randn(size, 5, generator=chance)
    persons = torch.randint(0, 4, (size,), generator=chance)
    clothes = 10 * persons + torch.randint(0, 3, (size,), generator=chance)
    clothes[torch.rand(size, generator=chance) < 0.2] = -1
    found = float(cross_clothes_triplet(vectors, persons, clothes, 0.3))
    assert found == pytest.approx(slow(vectors, persons, clothes, 0.3), abs=1e-5)


def test_by_hand() -> None:
    """Anchor 0 and 1 are one person in two outfits, at right angles; the stranger lies on anchor 0."""
    vectors = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]], requires_grad=True)
    loss = cross_clothes_triplet(vectors, torch.tensor([0, 0, 1]), torch.tensor([0, 1, 2]), 0.3)
    assert float(loss.detach()) == pytest.approx((0.3 + 1 - 0 + 0.3 + 1 - 1) / 2)
    torch.autograd.backward(loss)
    assert vectors.grad is not None
    assert bool(vectors.grad.any())


@pytest.mark.parametrize(
    ("persons", "clothes"),
    [
        ([0, 0, 1, 1], [0, 0, 1, 1]),
        ([0, 0, 0, 0], [0, 1, 2, 3]),
        ([0, 0, 1, 1], [-1, -1, -1, -1]),
        ([0, 1, 2, 3], [0] * 4),
    ],
    ids=["one outfit each", "one person", "unknown clothes", "all strangers"],
)
def test_without_a_triplet_it_is_zero_and_training_goes_on(persons: list[int], clothes: list[int]) -> None:
    vectors = torch.randn(4, 3, requires_grad=True)
    loss = cross_clothes_triplet(vectors, torch.tensor(persons), torch.tensor(clothes))
    torch.autograd.backward(loss)
    assert float(loss.detach()) == 0.0
    assert vectors.grad is not None
    assert not bool(vectors.grad.any())
