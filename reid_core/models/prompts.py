"""Sentences with learned words, one for each class (CoOp, Zhou et al. 2022): `A photo of a [X]1..[X]M person.`"""

import torch
from torch import Tensor, nn

from reid_core.models.clip.text_tower import TextTower
from reid_core.models.clip.tokens import Template


class Prompts(nn.Module):
    def __init__(self, template: Template, classes: int, words: int, width: int) -> None:
        super().__init__()
        self._template = template
        self.context = nn.Parameter(torch.empty(classes, words, width).normal_(std=0.02))  # [X]1..[X]M of each class

    def forward(self, tower: TextTower, classes: Tensor) -> Tensor:
        """classes (N,) -> (N, output): what the tower makes of their sentences; each class is read once."""
        once, places = torch.unique(classes, return_inverse=True)
        before = tower.words(self._template.before).expand(len(once), -1, -1)
        after = tower.words(self._template.after).expand(len(once), -1, -1)
        texts: Tensor = tower(torch.cat([before, self.context[once], after], dim=1))
        return texts[places]
