"""CLIP's text tower: a causal transformer, read where the text ends."""

import torch
from torch import Tensor, nn

from reid_core.models.clip.tokens import LENGTH, VOCABULARY


class TextTower(nn.Module):
    """Keys are CLIP's, which stand beside `visual.` without a prefix."""

    def __init__(self, width: int = 512, layers: int = 12, heads: int = 8, output: int = 1024) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(VOCABULARY, width)
        self.positional_embedding = nn.Parameter(torch.empty(LENGTH, width).normal_(std=0.01))
        self.transformer = Transformer(width, layers, heads)
        self.ln_final = nn.LayerNorm(width)
        self.text_projection = nn.Parameter(torch.empty(width, output).normal_(std=width**-0.5))
        nn.init.normal_(self.token_embedding.weight, std=0.02)

    def words(self, tokens: tuple[int, ...]) -> Tensor:
        """(L, width)."""
        numbers = torch.tensor(tokens, device=self.text_projection.device)
        out: Tensor = self.token_embedding(numbers)
        return out

    def forward(self, words: Tensor) -> Tensor:
        """(N, L, width) whose last word is END -> (N, output).

        CLIP pads to 77; what comes after END cannot be seen from there, so we leave it out.
        """
        out: Tensor = self.transformer(words + self.positional_embedding[: words.shape[1]])
        meaning: Tensor = self.ln_final(out[:, -1])
        return meaning @ self.text_projection


class Transformer(nn.Module):
    def __init__(self, width: int, layers: int, heads: int) -> None:
        super().__init__()
        self.resblocks = nn.ModuleList(Block(width, heads, layers) for _ in range(layers))

    def forward(self, words: Tensor) -> Tensor:
        length = words.shape[1]
        hidden = torch.ones(length, length, dtype=torch.bool, device=words.device).triu(1)  # what comes later
        for block in self.resblocks:
            words = block(words, hidden)
        return words


class Block(nn.Module):
    def __init__(self, width: int, heads: int, layers: int) -> None:
        super().__init__()
        self.attn = nn.MultiheadAttention(width, heads, batch_first=True)
        self.ln_1 = nn.LayerNorm(width)
        self.mlp = nn.Sequential()
        self.mlp.add_module("c_fc", nn.Linear(width, 4 * width))
        self.mlp.add_module("gelu", QuickGelu())
        self.mlp.add_module("c_proj", nn.Linear(4 * width, width))
        self.ln_2 = nn.LayerNorm(width)
        residual = width**-0.5 * (2 * layers) ** -0.5  # the deeper the tower, the less each block adds
        nn.init.normal_(self.attn.in_proj_weight, std=width**-0.5)
        nn.init.normal_(self.attn.out_proj.weight, std=residual)
        nn.init.normal_(self.mlp.get_submodule("c_fc").get_parameter("weight"), std=(2 * width) ** -0.5)
        nn.init.normal_(self.mlp.get_submodule("c_proj").get_parameter("weight"), std=residual)

    def forward(self, words: Tensor, hidden: Tensor) -> Tensor:
        normed: Tensor = self.ln_1(words)
        seen: Tensor = self.attn(normed, normed, normed, need_weights=False, attn_mask=hidden)[0]
        words = words + seen
        out: Tensor = words + self.mlp(self.ln_2(words))
        return out


class QuickGelu(nn.Module):
    """x * sigmoid(1.702 x): what all published RN50 weights were trained with."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(1.702 * x)
