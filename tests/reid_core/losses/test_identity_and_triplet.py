"""The two losses that every system has, against small sums done by hand."""

import math

import pytest
import torch

from reid_core.losses.identity import identity_loss
from reid_core.losses.triplet import Distance, batch_hard_triplet, distances


def test_identity_by_hand() -> None:
    logits, persons = torch.tensor([[math.log(3.0), 0.0]]), torch.tensor([0])
    assert identity_loss(logits, persons, 0.0).item() == pytest.approx(-math.log(0.75))
    smoothed = -(0.9 * math.log(0.75) + 0.1 * math.log(0.25))  # of two classes each gets half of the 0.2
    assert identity_loss(logits, persons, 0.2).item() == pytest.approx(smoothed)


def test_distances_by_hand() -> None:
    a = torch.tensor([[3.0, 0], [0, 2]])
    assert distances(a, a, "cosine").tolist() == [[0, 1], [1, 0]]
    assert torch.allclose(distances(a, a, "euclidean"), torch.tensor([[0, 13**0.5], [13**0.5, 0]]), atol=1e-5)


def test_triplet_takes_the_hardest() -> None:
    vectors, persons = torch.tensor([[0.0], [1], [3], [7]]), torch.tensor([1, 1, 2, 2])
    # hardest: 0 has 1 and 3, 1 has 1 and 2, 3 has 4 and 2, 7 has 4 and 6
    expected = (0 + 0 + (4 - 2 + 0.5) + 0) / 4
    assert batch_hard_triplet(vectors, persons, 0.5, "euclidean").item() == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_triplet_against_a_slow_loop(distance: Distance) -> None:
    rng = torch.Generator().manual_seed(2)
    vectors, persons = torch.randn(12, 5, generator=rng), torch.randint(0, 4, (12,), generator=rng)
    persons[0] = 9  # alone: without a positive
    apart = distances(vectors, vectors, distance)
    terms = []
    for i in range(12):
        positives = [float(apart[i, j]) for j in range(12) if j != i and persons[j] == persons[i]]
        negatives = [float(apart[i, j]) for j in range(12) if persons[j] != persons[i]]
        if positives and negatives:
            terms.append(max(0.0, max(positives) - min(negatives) + 0.3))
    assert batch_hard_triplet(vectors, persons, 0.3, distance).item() == pytest.approx(
        sum(terms) / len(terms), rel=1e-4
    )


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_a_batch_without_triplets_and_twins_have_finite_gradients(distance: Distance) -> None:
    for persons in (torch.tensor([1, 1, 1]), torch.tensor([1, 2, 3]), torch.tensor([1, 1, 2])):
        vectors = torch.ones(3, 4, requires_grad=True)  # all in one place
        torch.autograd.backward(batch_hard_triplet(vectors, persons, 0.3, distance))
        assert vectors.grad is not None
        assert torch.isfinite(vectors.grad).all()
