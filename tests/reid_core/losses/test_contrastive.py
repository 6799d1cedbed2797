"""Multi-positive contrast against the plain sum of its definition."""

import math

import pytest
import torch
from torch import Tensor

from reid_core.losses.contrastive import multi_positive
from reid_core.losses.cosines import cosines


def slow(asking: Tensor, answering: Tensor, classes: list[int], scale: float) -> float:
    total = 0.0
    for i, mine in enumerate(classes):
        logits = [
            scale * float(asking[i] @ answering[j] / (asking[i].norm() * answering[j].norm()))
            for j in range(len(classes))
        ]
        everything = math.log(sum(math.exp(each) for each in logits))
        own = [everything - logits[j] for j, theirs in enumerate(classes) if theirs == mine]
        total += sum(own) / len(own)
    return total / len(classes)


@pytest.mark.parametrize("classes", [[0, 1, 2], [0, 0, 1, 1, 1], [4, 4]])
def test_equal_to_the_sum_over_pairs(classes: list[int]) -> None:
    torch.manual_seed(1)
    a, b = torch.randn(len(classes), 6), torch.randn(len(classes), 6)
    found = multi_positive(a, b, torch.tensor(classes), 7.0)
    assert float(found) == pytest.approx(slow(a, b, classes, 7.0), rel=1e-5)


def test_one_of_each_is_plain_cross_entropy() -> None:
    torch.manual_seed(2)
    a, b = torch.randn(4, 6), torch.randn(4, 6)
    expected = torch.nn.functional.cross_entropy(3 * cosines(a, b), torch.arange(4))
    assert torch.allclose(multi_positive(a, b, torch.arange(4), 3.0), expected)


def test_found_pairs_lose_nothing_and_lengths_do_not_matter() -> None:
    a = torch.eye(3)
    assert float(multi_positive(a, 5 * a, torch.arange(3), 100.0)) < 1e-6
    assert float(multi_positive(a, a.roll(1, 0), torch.arange(3), 100.0)) > 50


def test_the_order_of_the_batch_does_not_matter() -> None:
    torch.manual_seed(3)
    a, b, classes = torch.randn(5, 6), torch.randn(5, 6), torch.tensor([0, 1, 1, 2, 0])
    turned = torch.randperm(5)
    found = multi_positive(a[turned], b[turned], classes[turned], 9.0)
    assert torch.allclose(multi_positive(a, b, classes, 9.0), found)


def test_cosines_are_whole_under_half_precision() -> None:
    torch.manual_seed(4)
    a, b = torch.randn(3, 64), torch.randn(4, 64)
    with torch.autocast("cpu", torch.bfloat16):
        found = cosines(a, b)
    assert found.dtype == torch.float32
    assert torch.equal(found, cosines(a, b))
