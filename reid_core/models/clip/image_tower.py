"""CLIP's image tower: a ResNet with a stem of three convolutions, pooling for strides, and attention in the end."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

RN50_BLOCKS = (3, 4, 6, 3)
_EXPANSION = 4
_HEAD = 64  # channels of one head of the attention pool


class ImageTower(nn.Module):
    """Pictures (B, 3, H, W) -> one vector each. Keys are CLIP's below `visual.`."""

    def __init__(
        self,
        height: int = 224,
        width: int = 224,
        *,
        blocks: Sequence[int] = RN50_BLOCKS,
        channels: int = 64,
        output: int = 1024,
        last_stride: int = 2,
    ) -> None:
        super().__init__()
        half = channels // 2
        self.conv1 = nn.Conv2d(3, half, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(half)
        self.conv2 = nn.Conv2d(half, half, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(half)
        self.conv3 = nn.Conv2d(half, channels, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(channels)
        self._given = channels  # to the next layer
        self.layer1 = self._layer(channels, blocks[0], 1)
        self.layer2 = self._layer(2 * channels, blocks[1], 2)
        self.layer3 = self._layer(4 * channels, blocks[2], 2)
        self.layer4 = self._layer(8 * channels, blocks[3], last_stride)
        step = 16 * last_stride
        self.attnpool = AttentionPool(height // step, width // step, self._given, output)

    @property
    def channels(self) -> int:
        """Of the feature map."""
        return self._given

    def feature_map(self, pictures: Tensor) -> Tensor:
        """(B, channels, H/32, W/32), or H/16, W/16 with the last stride of 1."""
        out: Tensor = functional.relu(self.bn1(self.conv1(pictures)))
        out = functional.relu(self.bn2(self.conv2(out)))
        out = functional.avg_pool2d(functional.relu(self.bn3(self.conv3(out))), 2)
        deep: Tensor = self.layer4(self.layer3(self.layer2(self.layer1(out))))
        return deep

    def forward(self, pictures: Tensor) -> Tensor:
        out: Tensor = self.attnpool(self.feature_map(pictures))
        return out

    def _layer(self, width: int, count: int, stride: int) -> nn.Sequential:
        blocks = [Bottleneck(self._given, width, stride)]
        self._given = width * _EXPANSION
        blocks += [Bottleneck(self._given, width, 1) for _ in range(count - 1)]
        return nn.Sequential(*blocks)


class Bottleneck(nn.Module):
    """Strides are averages over the places that they join, so that no place is skipped."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        out = width * _EXPANSION
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.avgpool = nn.AvgPool2d(stride)
        self.conv3 = nn.Conv2d(width, out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        self.downsample: nn.Sequential | None = None
        if stride > 1 or channels != out:
            self.downsample = nn.Sequential()  # named as published: the pool, which has no weights, is -1
            self.downsample.add_module("-1", nn.AvgPool2d(stride))
            self.downsample.add_module("0", nn.Conv2d(channels, out, 1, bias=False))
            self.downsample.add_module("1", nn.BatchNorm2d(out))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = functional.relu(self.bn1(self.conv1(x)))
        out = self.avgpool(functional.relu(self.bn2(self.conv2(out))))
        out = self.bn3(self.conv3(out))
        return functional.relu(out + (x if self.downsample is None else self.downsample(x)))


class AttentionPool(nn.Module):
    """The mean of all places asks, the places and the mean answer: (B, C, h, w) -> (B, output)."""

    def __init__(self, height: int, width: int, channels: int, output: int) -> None:
        super().__init__()
        self.grid = (height, width)
        self._heads = max(channels // _HEAD, 1)
        self.positional_embedding = nn.Parameter(torch.randn(height * width + 1, channels) / channels**0.5)
        self.k_proj = nn.Linear(channels, channels)
        self.q_proj = nn.Linear(channels, channels)
        self.v_proj = nn.Linear(channels, channels)
        self.c_proj = nn.Linear(channels, output)
        for each in (self.k_proj, self.q_proj, self.v_proj, self.c_proj):
            nn.init.normal_(each.weight, std=channels**-0.5)

    def forward(self, maps: Tensor) -> Tensor:
        places = maps.flatten(2).transpose(1, 2)  # (B, N, C)
        tokens = torch.cat([places.mean(dim=1, keepdim=True), places], dim=1) + self.positional_embedding
        query = self._split(self.q_proj(tokens[:, :1]))
        keys, values = self._split(self.k_proj(tokens)), self._split(self.v_proj(tokens))
        seen = functional.scaled_dot_product_attention(query, keys, values)
        out: Tensor = self.c_proj(seen.transpose(1, 2).flatten(1))
        return out

    def _split(self, tokens: Tensor) -> Tensor:
        """(B, N, C) -> (B, heads, N, C / heads)."""
        size, length, channels = tokens.shape
        return tokens.view(size, length, self._heads, channels // self._heads).transpose(1, 2)


def fit_positions(embedding: Tensor, grid: tuple[int, int]) -> Tensor:
    """(1 + n * n, C) of a square grid -> (1 + h * w, C) of another: bicubic, the mean's own as it is.

    CLIP was trained on square pictures; people stand upright.
    """
    side = round((len(embedding) - 1) ** 0.5)
    if side * side != len(embedding) - 1 or grid == (side, side):
        return embedding
    square = embedding[1:].T.reshape(1, -1, side, side)
    fitted = functional.interpolate(square, grid, mode="bicubic", align_corners=False)
    return torch.cat([embedding[:1], fitted.flatten(2)[0].T])
