"""The clothes-based adversarial loss against its definition, and who learns from which half."""

import math

import pytest
import torch
from torch import Tensor

from reid_core.losses.clothes_adversarial import clothes_adversarial, clothes_loss

# two persons: 0 wears the clothes 0 and 1, 1 wears 2, 3 and 4
WEARER = torch.tensor([0, 0, 1, 1, 1])


def case() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    torch.manual_seed(1)
    clothes = torch.tensor([0, 1, 3])
    own = WEARER[None] == WEARER[clothes][:, None]
    return torch.randn(3, 6), torch.randn(5, 6), clothes, own


def slow(features: Tensor, weight: Tensor, clothes: Tensor, epsilon: float, scale: float) -> float:
    total = 0.0
    for feature, present in zip(features, clothes.tolist(), strict=True):
        logits = [scale * float(feature @ row / (feature.norm() * row.norm())) for row in weight]
        mine = [c for c in range(5) if WEARER[c] == WEARER[present]]
        against = sum(math.exp(logits[c]) for c in range(5) if c not in mine)
        for c in mine:
            q = epsilon / len(mine) + (1 - epsilon if c == present else 0)
            total -= q * math.log(math.exp(logits[c]) / (math.exp(logits[c]) + against))
    return total / len(features)


@pytest.mark.parametrize(("epsilon", "scale"), [(0.1, 16.0), (0.0, 4.0), (1.0, 2.0)])
def test_equal_to_the_definition(epsilon: float, scale: float) -> None:
    features, weight, clothes, own = case()
    found = clothes_adversarial(features, weight, clothes, own, epsilon, scale)
    assert float(found) == pytest.approx(slow(features, weight, clothes, epsilon, scale), rel=1e-5)


def test_each_half_teaches_its_own_side() -> None:
    features, weight, clothes, own = case()
    both = (features.requires_grad_(), weight.requires_grad_())
    fooling = torch.autograd.grad(clothes_adversarial(*both, clothes, own), both, allow_unused=True)
    assert [each is not None and bool(each.any()) for each in fooling] == [True, False]
    telling = torch.autograd.grad(clothes_loss(*both, clothes), both, allow_unused=True)
    assert [each is not None and bool(each.any()) for each in telling] == [False, True]


def test_with_epsilon_a_feature_between_ones_clothes_is_better_than_at_the_present_ones() -> None:
    weight = torch.eye(5)
    clothes, own = torch.tensor([0]), (WEARER == 0)[None]
    at_present = torch.tensor([[1.0, 0, 0, 0, 0]])
    between = torch.tensor([[1.0, 1.0, 0, 0, 0]])
    losses = [float(clothes_adversarial(each, weight, clothes, own, 1.0)) for each in (at_present, between)]
    assert losses[1] < losses[0]


def test_a_person_alone_gives_no_signal_and_no_nan() -> None:
    torch.manual_seed(2)
    features = torch.randn(2, 6, requires_grad=True)
    own = torch.ones(2, 3, dtype=torch.bool)
    loss = clothes_adversarial(features, torch.randn(3, 6), torch.tensor([0, 2]), own)
    loss.backward()  # type: ignore[no-untyped-call]
    assert float(loss.detach()) == pytest.approx(0, abs=1e-6)
    assert features.grad is not None
    assert torch.isfinite(features.grad).all()
