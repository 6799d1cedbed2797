"""ResNet-18 and -50 (He et al. 2015) without the classifier, with the keys that torchvision's weights have."""

from pathlib import Path
from typing import Literal

from torch import Tensor, nn

from reid_core.models.backbones.state_dicts import fill, read_state_dict
from reid_core.models.backbones.torchvision import torchvision_path

_BLOCKS = {18: (2, 2, 2, 2), 50: (3, 4, 6, 3)}


class ResNet(nn.Module):
    """Pictures (B, 3, H, W) -> feature map (B, channels, H/32, W/32); last_stride 1 keeps H/16, W/16."""

    def __init__(self, depth: Literal[18, 50], last_stride: int = 1) -> None:
        super().__init__()
        self.depth = depth
        self._channels = 64  # of what the next layer is given
        block = BasicBlock if depth == 18 else Bottleneck
        counts = _BLOCKS[depth]
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = self._layer(block, 64, counts[0], 1)
        self.layer2 = self._layer(block, 128, counts[1], 2)
        self.layer3 = self._layer(block, 256, counts[2], 2)
        self.layer4 = self._layer(block, 512, counts[3], last_stride)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    @property
    def channels(self) -> int:
        """Of the feature map."""
        return self._channels

    def stem(self, pictures: Tensor) -> Tensor:
        out: Tensor = self.maxpool(self.relu(self.bn1(self.conv1(pictures))))
        return out

    def forward(self, pictures: Tensor) -> Tensor:
        out: Tensor = self.layer4(self.layer3(self.layer2(self.layer1(self.stem(pictures)))))
        return out

    def load_torchvision(self, source: str | Path) -> None:
        """A state dict by path (.pth or .safetensors), or `resnet18`, `resnet50`, fetched where it is not yet here."""
        path = torchvision_path(source)
        tensors = {key: value for key, value in read_state_dict(path).items() if not key.startswith("fc.")}
        fill(self, tensors, f"{path}: not the weights of a ResNet-{self.depth}")

    def _layer(self, block: "type[BasicBlock | Bottleneck]", width: int, count: int, stride: int) -> nn.Sequential:
        blocks = [block(self._channels, width, stride)]
        self._channels = width * block.expansion
        blocks += [block(self._channels, width, 1) for _ in range(count - 1)]
        return nn.Sequential(*blocks)


class BasicBlock(nn.Module):
    expansion = 1

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _shortcut(channels, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        added: Tensor = self.relu(out + (x if self.downsample is None else self.downsample(x)))
        return added


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)  # torchvision strides here
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, width * self.expansion, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(width * self.expansion)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _shortcut(channels, width * self.expansion, stride)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.relu(self.bn1(self.conv1(x)))
        out = self.bn3(self.conv3(self.relu(self.bn2(self.conv2(out)))))
        added: Tensor = self.relu(out + (x if self.downsample is None else self.downsample(x)))
        return added


def _shortcut(channels: int, width: int, stride: int) -> nn.Sequential | None:
    """None where the block keeps the shape: the input itself is added."""
    if stride == 1 and channels == width:
        return None
    return nn.Sequential(nn.Conv2d(channels, width, 1, stride=stride, bias=False), nn.BatchNorm2d(width))
