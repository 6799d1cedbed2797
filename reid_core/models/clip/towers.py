"""Both towers of CLIP as one module with the published keys, and the temperature they were trained at."""

import math
from pathlib import Path

import torch
from torch import Tensor, nn

from reid_core.models.backbones.state_dicts import fill
from reid_core.models.clip.image_tower import ImageTower, fit_positions
from reid_core.models.clip.load import read_clip
from reid_core.models.clip.text_tower import TextTower

_POSITIONS = "visual.attnpool.positional_embedding"


class Clip(TextTower):
    """The text tower with the picture's beside it: so CLIP names them."""

    def __init__(self, visual: ImageTower, *, width: int = 512, layers: int = 12, heads: int = 8) -> None:
        super().__init__(width, layers, heads, visual.attnpool.c_proj.out_features)
        self.visual = visual
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))

    def scale(self) -> Tensor:
        """One over the temperature of CLIP's contrast: cosines times this are logits."""
        return self.logit_scale.exp()

    def load_published(self, path: Path) -> None:
        """RN50 of OpenAI or open_clip, whatever the size of the pictures here."""
        tensors = read_clip(path)
        if _POSITIONS in tensors:
            tensors[_POSITIONS] = fit_positions(tensors[_POSITIONS], self.visual.attnpool.grid)
        fill(self, tensors, f"{path}: not the weights of CLIP's RN50")
