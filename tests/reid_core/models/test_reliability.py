"""Reliability: the target is the honest question, and what is learned is a probability."""

import pytest
import torch

from reid_core.models.reliability import Reliability, neighbour_is_right, reliability_loss


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def at(*degrees: float) -> torch.Tensor:
    angles = torch.deg2rad(torch.tensor(degrees))
    return torch.stack([angles.cos(), angles.sin()], dim=1)


def test_the_nearest_other_decides() -> None:
    vectors, persons = at(0, 10, 18, 90), torch.tensor([1, 1, 2, 2])
    right, judged = neighbour_is_right(vectors, persons, torch.full((4,), -1))
    assert judged.all()
    assert right.tolist() == [True, False, False, True]


def test_the_same_clothes_do_not_count_where_there_are_others() -> None:
    vectors, persons = at(0, 1, 30, 20), torch.tensor([1, 1, 1, 2])
    right, judged = neighbour_is_right(vectors, persons, torch.tensor([5, 5, 6, 7]))
    assert right.tolist() == [False, False, False, False]  # to the other outfit the stranger is nearer
    assert judged.tolist() == [True, True, True, False]  # of the stranger there is only one
    _, judged = neighbour_is_right(vectors[:2], persons[:2], torch.tensor([5, 5]))
    assert not judged.any()  # nobody else there
    right, judged = neighbour_is_right(vectors[[0, 1, 3]], persons[[0, 1, 3]], torch.tensor([5, 5, 7]))
    assert right[:2].all()  # no other outfit: the same one must do
    assert judged.tolist() == [True, True, False]


def test_it_learns_the_share_that_comes_true() -> None:
    """Half of the vectors point a way that is right 9 times in 10, half one that is right 2 times in 10."""
    head = Reliability(4)
    kind = torch.arange(400) % 2
    vectors = torch.randn(400, 4) * 0.1 + torch.where(kind[:, None] == 1, 1.0, -1.0)
    right = torch.rand(400) < torch.where(kind == 1, 0.9, 0.2)
    evidence = torch.ones(400, 2)
    optimiser = torch.optim.Adam(head.parameters(), lr=1e-2)
    for _ in range(60):
        optimiser.zero_grad()
        torch.autograd.backward(reliability_loss(head(vectors, evidence), right))
        optimiser.step()
    said = head(vectors, evidence).sigmoid().detach()
    for each in (0, 1):
        assert abs(float(said[kind == each].mean()) - float(right[kind == each].float().mean())) < 0.05


def test_a_cue_learns_nothing_from_it() -> None:
    vectors = torch.randn(3, 4, requires_grad=True)
    torch.autograd.backward(
        reliability_loss(Reliability(4)(vectors, torch.ones(3, 2)), torch.tensor([True, False, True]))
    )
    assert vectors.grad is None
