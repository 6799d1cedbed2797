"""Scaled dot-product attention over tokens, and the encoder layer of transformers that stands on it (post-norm)."""

from torch import Tensor, nn
from torch.nn import functional


def attend(queries: Tensor, keys: Tensor, values: Tensor, heads: int) -> Tensor:
    """(B, N, D), (B, M, D), (B, M, D) -> (B, N, D); D falls into `heads` equal parts, each softmax(QK'/sqrt d) V."""
    queries, keys, values = (_split(each, heads) for each in (queries, keys, values))
    return functional.scaled_dot_product_attention(queries, keys, values).transpose(1, 2).flatten(2)


def _split(tokens: Tensor, heads: int) -> Tensor:
    """(B, N, D) -> (B, heads, N, D / heads)."""
    return tokens.reshape(*tokens.shape[:2], heads, -1).transpose(1, 2)


class EncoderLayer(nn.Module):
    """(B, N, width) -> the same shape: self-attention, then an MLP with ReLU, each added and normalised.

    plain: queries, keys and values without bias, heads joined without a projection, as CAMC does it.
    """

    def __init__(self, width: int, heads: int, hidden: int, *, plain: bool) -> None:
        super().__init__()
        self.heads = heads
        self.to_qkv = nn.Linear(width, 3 * width, bias=not plain)
        self.join = nn.Identity() if plain else nn.Linear(width, width)
        self.norm1 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, hidden), nn.ReLU(inplace=True), nn.Linear(hidden, width))
        self.norm2 = nn.LayerNorm(width)

    def forward(self, tokens: Tensor) -> Tensor:
        queries, keys, values = self.to_qkv(tokens).chunk(3, dim=2)
        tokens = self.norm1(tokens + self.join(attend(queries, keys, values, self.heads)))
        out: Tensor = self.norm2(tokens + self.mlp(tokens))
        return out
