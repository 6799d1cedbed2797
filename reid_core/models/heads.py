"""What stands between a feature and its losses: the BN neck (Luo et al. 2019) and a classifier without bias."""

from torch import nn


def bn_neck(width: int, *, frozen_bias: bool = True) -> nn.BatchNorm1d:
    """The triplet loss sees what goes in, classifier and test what comes out. A frozen bias keeps it about zero."""
    neck = nn.BatchNorm1d(width)
    neck.bias.requires_grad_(not frozen_bias)
    return neck


def classifier(width: int, classes: int) -> nn.Linear:
    """Without bias, from small weights: the neck's feature and the classes' rows compare by angle."""
    head = nn.Linear(width, classes, bias=False)
    nn.init.normal_(head.weight, std=0.001)
    return head
