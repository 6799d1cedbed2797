"""An average of the weights over the steps: often better than the last of them, always calmer."""

import copy

import torch
from torch import nn


class Ema:
    def __init__(self, system: nn.Module, decay: float) -> None:
        self.system = copy.deepcopy(system).eval().requires_grad_(False)
        self._decay = decay

    @torch.no_grad()
    def follow(self, system: nn.Module, step: int) -> None:
        """After optimiser step number `step`, from 1: early averages forget quickly."""
        keep = min(self._decay, (1 + step) / (10 + step))
        theirs = system.state_dict()
        for key, mine in self.system.state_dict().items():
            if mine.is_floating_point():
                mine.lerp_(theirs[key], 1 - keep)
            else:  # counters, masks, indices: an average of them means nothing
                mine.copy_(theirs[key])
