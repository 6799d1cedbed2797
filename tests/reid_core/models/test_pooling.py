"""Pooling and BatchNorm see what the mask leaves, and nothing else."""

import torch
from torch import nn

from reid_core.models.heads import bn_neck, classifier
from reid_core.models.pooling import GeM, masked_max, masked_mean, spatial_max, spatial_mean
from reid_core.models.present import MaskedBatchNorm, each_present

VALUES = torch.tensor([[[1.0, -1], [3, -5], [torch.nan, torch.inf]], [[7, 7], [8, 8], [9, 9]]])
MASK = torch.tensor([[True, True, False], [False, False, False]])


def test_masked_means_and_maxima() -> None:
    assert masked_mean(VALUES, MASK).tolist() == [[2, -3], [0, 0]]
    assert masked_max(VALUES, MASK).tolist() == [[3, -1], [0, 0]]  # a negative maximum stays negative


def test_places_of_a_map() -> None:
    maps = torch.tensor([[[[1.0, 2], [3, 6]]]])
    assert spatial_max(maps).tolist() == [[6]]
    assert spatial_mean(maps).tolist() == [[3]]
    assert torch.allclose(GeM(1.0)(maps), torch.tensor([[3.0]]))
    assert torch.allclose(GeM(200.0)(maps / 6), torch.tensor([[1.0]]), atol=1e-2)
    pooled = GeM()(maps.requires_grad_())
    torch.autograd.backward(pooled.sum())
    assert maps.grad is not None


def test_batch_norm_counts_only_what_is_there() -> None:
    torch.manual_seed(0)
    there = torch.randn(5, 3)
    padded, mask = torch.full((4, 2, 3), 1e6), torch.zeros(4, 2, dtype=torch.bool)
    mask.view(-1)[[0, 2, 3, 5, 7]] = True
    padded[mask] = there
    masked, plain = MaskedBatchNorm(3), nn.BatchNorm1d(3)
    out = masked(padded, mask)
    assert torch.allclose(out[mask], plain(there))
    assert not out[~mask].any()
    assert torch.allclose(masked.eval()(padded, mask)[mask], plain.eval()(there))  # also the statistics kept


def test_batch_norm_of_one_or_none() -> None:
    norm = MaskedBatchNorm(3)
    one = torch.tensor([True, False])
    assert torch.isfinite(norm(torch.randn(2, 3), one)).all()
    assert not norm(torch.randn(2, 3), ~one & one).any()


def test_a_network_of_what_is_present() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4))
    items, mask = torch.randn(2, 3, 1, 6, 5), torch.tensor([[True, False, True], [True, False, False]])
    out = each_present(network, items, mask)
    assert out.shape == (2, 3, 4, 4, 3)
    assert not out[~mask].any()
    assert torch.allclose(out[mask], network(items[mask]))
    network.eval()
    assert torch.allclose(each_present(network, items, mask)[mask], network(items[mask]), atol=1e-6)
    network.train()
    nothing = each_present(network, items, mask & ~mask)
    assert not nothing.any()
    torch.autograd.backward(nothing.sum())
    assert all(each.grad is not None for each in network.parameters())


def test_heads() -> None:
    assert not bn_neck(4).bias.requires_grad
    assert bn_neck(4, frozen_bias=False).bias.requires_grad
    head = classifier(4, 7)
    assert head.weight.shape == (7, 4)
    assert head.bias is None
