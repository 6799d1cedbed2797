"""Adaptive fusion: weights that sum to one over what is there, and blocks that fade with their reliability."""

import pytest
import torch
from torch import Tensor

from reid_core.models.adaptive_fusion import AdaptiveFusion

Named = dict[str, Tensor]


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def fusion(*, by_reliability: bool = True) -> AdaptiveFusion:
    made = AdaptiveFusion({"appearance": 6, "shape": 4, "gait": 3}, 5, by_reliability=by_reliability)
    for name, each in made.named_parameters():
        if name.startswith("norms"):
            torch.nn.init.normal_(each)  # else zeros stay zeros by themselves
    return made.eval()


def cues(batch: int = 3) -> tuple[Named, Named, Named]:
    vectors = {"appearance": torch.randn(batch, 6), "shape": torch.randn(batch, 4), "gait": torch.randn(batch, 3)}
    present = {name: torch.ones(batch, dtype=torch.bool) for name in vectors}
    return vectors, present, {name: torch.full((batch,), 0.5) for name in vectors}


def test_weights_are_shared_among_what_is_there() -> None:
    present = torch.tensor([[True, True, True], [True, False, True], [False, False, True], [False, False, False]])
    weights = fusion().weights(torch.randn(4, 3, 5), present)
    assert torch.allclose(weights.sum(dim=1), torch.tensor([1.0, 1, 1, 0]))
    assert not weights[~present].any()
    assert (weights[present] > 0).all()


def test_weights_depend_on_the_clip() -> None:
    weights = fusion().weights(torch.randn(2, 3, 5), torch.ones(2, 3, dtype=torch.bool))
    assert not torch.allclose(weights[0], weights[1])


def test_a_block_counts_as_much_as_its_cue_is_reliable() -> None:
    made, (vectors, present, reliability) = fusion(), cues()
    half = made(vectors, present, reliability)
    assert half.shape == (3, made.width)
    whole = made(vectors, present, {name: 2 * each for name, each in reliability.items()})
    assert torch.allclose(whole, 2 * half)
    faded = made(vectors, present, {**reliability, "shape": torch.full((3,), 1e-9)})
    assert torch.allclose(faded[:, :5], half[:, :5])
    assert faded[:, 5:10].abs().max() < 1e-6


def test_a_missing_cue_leaves_zeros_whatever_its_vector_says() -> None:
    made, (vectors, present, reliability) = fusion(by_reliability=False), cues()
    present["gait"][1] = False
    fused = made(vectors, present, reliability)
    assert not fused[1, 10:].any()
    assert fused[0, 10:].any()
    vectors["gait"][1] = 1e6
    assert torch.equal(made(vectors, present, reliability), fused)


def test_the_loss_cannot_bend_a_reliability() -> None:
    made, (vectors, present, reliability) = fusion(), cues()
    known = {name: each.requires_grad_() for name, each in reliability.items()}
    vectors = {name: each.requires_grad_() for name, each in vectors.items()}
    torch.autograd.backward(made(vectors, present, known).sum())
    assert all(each.grad is None for each in known.values())
    assert all(each.grad is not None and bool(each.grad.any()) for each in vectors.values())
