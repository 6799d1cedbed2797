"""A small backbone for CPU and edge: inverted residuals with depthwise convolutions (after Sandler et al. 2018)."""

from math import prod, sqrt

from torch import Tensor, nn

# width, blocks, stride of the first: the last stage has ResNet's last stride
_STAGES = ((24, 2, 2), (40, 3, 2), (80, 4, 2), (128, 2, 1))
_LAST, _CHANNELS = 192, 512
_EXPANSION = 4


class Mobile(nn.Module):
    """Pictures (B, 3, H, W) -> feature map (B, 512, H/32, W/32); last_stride 1 keeps H/16, W/16."""

    channels = _CHANNELS

    def __init__(self, last_stride: int = 1) -> None:
        super().__init__()
        self.stem = nn.Sequential(_convolution(3, 16, 3, stride=2), InvertedResidual(16, 16, 1, expansion=1))
        blocks: list[nn.Module] = []
        before = 16
        for width, count, stride in (*_STAGES, (_LAST, 2, last_stride)):
            for i in range(count):
                blocks.append(InvertedResidual(before, width, stride if i == 0 else 1, _EXPANSION))
                before = width
        self.blocks = nn.Sequential(*blocks)
        self.last = _convolution(_LAST, _CHANNELS, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                # He's rule by what one input reaches; torch's own forgets the groups, so depthwise begins near zero
                reached = module.out_channels // module.groups * prod(module.kernel_size)
                nn.init.normal_(module.weight, std=sqrt(2 / reached))

    def forward(self, pictures: Tensor) -> Tensor:
        out: Tensor = self.last(self.blocks(self.stem(pictures)))
        return out


class InvertedResidual(nn.Module):
    """Widen by 1x1, look about by channel, narrow by 1x1 without activation."""

    def __init__(self, channels: int, width: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = channels * expansion
        widen = [] if expansion == 1 else [_convolution(channels, wide, 1)]
        self.layers = nn.Sequential(
            *widen,
            _convolution(wide, wide, 3, stride=stride, groups=wide),
            nn.Conv2d(wide, width, 1, bias=False),
            nn.BatchNorm2d(width),
        )
        self.keeps_shape = stride == 1 and channels == width

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layers(x)
        return x + out if self.keeps_shape else out


def _convolution(channels: int, width: int, kernel: int, *, stride: int = 1, groups: int = 1) -> nn.Sequential:
    layer = nn.Conv2d(channels, width, kernel, stride=stride, padding=kernel // 2, groups=groups, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(width), nn.ReLU(inplace=True))
