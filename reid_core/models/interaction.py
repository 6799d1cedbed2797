"""SIM of SCI, semantic-guided interaction: text asks the feature map; the answer is added to the picture's vector."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from reid_core.losses.cosines import cosines


class NonLocal(nn.Module):
    """Every place looks at every other (Wang et al. 2018), eqs. 13 and 14; at first it changes nothing."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = channels // 2  # as Wang et al.
        self.theta = nn.Conv2d(channels, inner, 1)
        self.phi = nn.Conv2d(channels, inner, 1)
        self.g = nn.Conv2d(channels, inner, 1)
        self.out = nn.Conv2d(inner, channels, 1)  # W_z
        for each in self.out.parameters():
            nn.init.zeros_(each)

    def forward(self, maps: Tensor) -> Tensor:
        theta, phi, g = (each(maps).flatten(2) for each in (self.theta, self.phi, self.g))  # (B, C/2, N)
        pairs = theta.transpose(1, 2) @ phi / maps[0, 0].numel()  # (B, N, N)
        seen = (pairs @ g.transpose(1, 2)).transpose(1, 2).unflatten(2, maps.shape[2:])
        out: Tensor = maps + self.out(seen)
        return out


class TextGuidance(nn.Module):
    """Cross attention, eqs. 15 to 17: F_v = V + gamma * decoder(Q = text, K = V = places of the map)."""

    def __init__(self, channels: int, width: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.text_norm = nn.LayerNorm(width)
        self.place_norm = nn.LayerNorm(channels)
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(channels, width)
        self.value = nn.Linear(channels, width)
        self.mlp = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, 4 * width),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(4 * width, width),
        )
        self.dropout = nn.Dropout(dropout)
        self.gamma = nn.Parameter(torch.full((width,), 1e-4))  # as DenseCLIP: the text comes in slowly

    def forward(self, vectors: Tensor, texts: Tensor, maps: Tensor) -> Tensor:
        """V (B, width), one text each (B, width), (B, C, h, w) -> F_v (B, width)."""
        places = self.place_norm(maps.flatten(2).transpose(1, 2))
        query: Tensor = self.query(self.text_norm(texts))[:, None]
        # one head: scaled by the root of the width, as eq. 16
        seen = functional.scaled_dot_product_attention(query, self.key(places), self.value(places))[:, 0]
        out: Tensor = seen + self.dropout(self.mlp(seen))
        return vectors + self.gamma * out


def asked_of_bank(vectors: Tensor, bank: Tensor, scale: Tensor) -> Tensor:
    """V (B, D), texts (P, D) -> (B, D): the mean of all texts, each as likely as CLIP finds it of the picture.

    Whose text to ask with is unknown in a test, so all training persons are asked; in training too, or the label would
    come in with the text (our choice; the paper does not say).
    """
    return (scale * cosines(vectors, bank)).softmax(dim=1) @ bank
