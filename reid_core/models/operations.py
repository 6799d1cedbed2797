"""Parameters and multiply-accumulates, counted as papers do: convolutions and linear layers; nothing else."""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Operations:
    parameters: int  # those that train
    frozen: int
    multiply_accumulates: int  # of one run


def count_parameters(model: nn.Module, *, trained: bool = True) -> int:
    return sum(each.numel() for each in model.parameters() if each.requires_grad == trained)


def count_operations(model: nn.Module, run: Callable[[], Any]) -> Operations:
    """`run` sends one input through the model, which is put into evaluation mode meanwhile.

    Products of two activations (attention) and norms are not counted; no paper that we compare with does.
    """
    counts: list[int] = []

    def convolved(module: nn.Module, _inputs: Any, output: Tensor) -> None:
        weight: Any = module.weight
        counts.append(output.numel() * prod(weight.shape[1:]))  # channels of the group, and the kernel

    kinds = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear)
    handles = [each.register_forward_hook(convolved) for each in model.modules() if isinstance(each, kinds)]
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            run()
    finally:
        model.train(was_training)
        for handle in handles:
            handle.remove()
    return Operations(count_parameters(model), count_parameters(model, trained=False), sum(counts))
