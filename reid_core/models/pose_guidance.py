"""MPCF's MLFG branch: appearance at three levels of the backbone, projected to where the pose embedding f_s lies."""

from torch import Tensor, nn
from torch.nn import functional

from reid_core.models.attention import EncoderLayer
from reid_core.models.pooling import spatial_mean

_GRID = (6, 3)  # our choice, and with it 576 channels inside: together they meet both totals of table 6
_HEADS = 8
_WIDENING = 4  # of the encoder's MLP


class ShapeEmbedding(nn.Module):
    """Heatmaps (B, joints, h, w) -> f_s (B, width): their means, and one layer."""

    def __init__(self, joints: int, width: int) -> None:
        super().__init__()
        self.layer = nn.Linear(joints, width)

    def forward(self, heatmaps: Tensor) -> Tensor:
        out: Tensor = self.layer(spatial_mean(heatmaps))
        return out


class LevelProjection(nn.Module):
    """f_res of one level (B, channels, h, w) -> f_i (B, width): linear, transformer encoder, mean, linear, norm."""

    def __init__(self, channels: int, inside: int, width: int) -> None:
        super().__init__()
        self.narrow = nn.Linear(channels, inside)
        self.encode = EncoderLayer(inside, _HEADS, _WIDENING * inside, plain=False)
        self.widen = nn.Linear(inside, width)
        self.norm = nn.LayerNorm(width)

    def forward(self, maps: Tensor) -> Tensor:
        tokens = functional.adaptive_avg_pool2d(maps, _GRID).flatten(2).transpose(1, 2)
        out: Tensor = self.norm(self.widen(self.encode(self.narrow(tokens)).mean(dim=1)))
        return out
