"""Two sets of tokens of one grid meet: their channels are aligned, then each asks the other (CAMC; MPCF's CMF)."""

import torch
from torch import Tensor, nn

from reid_core.models.attention import attend


class ChannelAlignment(nn.Module):
    """Eq. 2 to 4: F_a, F_s of (B, N, D) -> F'_a, F'_s; a bottleneck over both weighs each channel of each token."""

    def __init__(self, width: int) -> None:
        super().__init__()
        # W_1, W_2: 2D -> D/2 -> 2D, a quarter of the input as the text says
        self.weigh = nn.Sequential(
            nn.Linear(2 * width, width // 2), nn.ReLU(inplace=True), nn.Linear(width // 2, 2 * width), nn.Sigmoid()
        )

    def forward(self, appearance: Tensor, shape: Tensor) -> tuple[Tensor, Tensor]:
        for_appearance, for_shape = self.weigh(torch.cat([appearance, shape], dim=2)).chunk(2, dim=2)  # s
        return for_appearance * appearance + appearance, for_shape * shape + shape


class MutualAttention(nn.Module):
    """Eq. 5 to 7: F'_a, F'_s -> F_s->a, F_a->s. No projections: queries, keys and values are the features."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_a = nn.LayerNorm(width)  # the norm is CAMC's; MPCF's equations leave it out
        self.norm_s = nn.LayerNorm(width)

    def forward(self, appearance: Tensor, shape: Tensor) -> tuple[Tensor, Tensor]:
        to_appearance = self.norm_a(appearance + attend(appearance, shape, shape, self.heads))
        to_shape = self.norm_s(shape + attend(shape, appearance, appearance, self.heads))
        return to_appearance, to_shape


class CrossFusion(nn.Module):
    """Appearance map (B, D, h, w) and shape tokens (B, h * w, D) -> F, the two means side by side: (B, 2D)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.align = ChannelAlignment(width)
        self.exchange = MutualAttention(width, heads)

    def forward(self, appearance_map: Tensor, shape: Tensor) -> Tensor:
        appearance = appearance_map.flatten(2).transpose(1, 2)
        both = self.exchange(*self.align(appearance, shape))
        return torch.cat(both, dim=2).mean(dim=1)
