"""Counts that can be done by hand."""

import torch
from torch import nn

from reid_core.models.operations import count_operations


def test_by_hand() -> None:
    model = nn.Sequential(nn.Conv2d(4, 8, 3, stride=2, padding=1, groups=2, bias=False), nn.ReLU(), nn.Flatten())
    model.append(nn.Linear(8 * 3 * 2, 5)).append(nn.BatchNorm1d(5))
    model[-1].bias.requires_grad_(False)
    counted = count_operations(model, lambda: model(torch.randn(1, 4, 6, 4)))
    assert counted.multiply_accumulates == 8 * 3 * 2 * (4 // 2) * 9 + 5 * 48
    assert counted.parameters == 8 * 2 * 9 + 5 * 48 + 5 + 5
    assert counted.frozen == 5
    assert model.training


def test_a_layer_counts_as_often_as_it_runs() -> None:
    layer = nn.Linear(3, 2, bias=False)
    assert count_operations(layer, lambda: layer(layer.weight.new_zeros(10, 4, 3))).multiply_accumulates == 40 * 6
    assert not layer._forward_hooks
