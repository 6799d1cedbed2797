"""The backbones: torchvision's keys, its sizes, and how its weights come in."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from reid_core.errors import CheckpointInvalid
from reid_core.models.backbones.mobile import Mobile
from reid_core.models.backbones.resnet import ResNet
from reid_core.models.backbones.torchvision import RESNET18


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.mark.parametrize(
    ("depth", "parameters", "keys", "channels", "some"),
    [  # torchvision's own, less its classifier: 11,689,512 - 513,000 and 25,557,032 - 2,049,000; 122 - 2, 320 - 2
        (
            18,
            11_176_512,
            120,
            512,
            {"layer4.1.bn2.running_var": (512,), "layer2.0.downsample.0.weight": (128, 64, 1, 1)},
        ),
        (
            50,
            23_508_032,
            318,
            2048,
            {
                "layer1.0.downsample.1.bias": (256,),
                "layer3.5.conv3.weight": (1024, 256, 1, 1),
                "conv1.weight": (64, 3, 7, 7),
            },
        ),
    ],
)
def test_the_keys_are_torchvisions(
    depth: int, parameters: int, keys: int, channels: int, some: dict[str, tuple[int, ...]]
) -> None:
    model = ResNet(50 if depth == 50 else 18)
    state = model.state_dict()
    assert (sum(each.numel() for each in model.parameters()), len(state), model.channels) == (
        parameters,
        keys,
        channels,
    )
    assert {key: tuple(state[key].shape) for key in some} == some
    assert {key.partition(".")[0] for key in state} == {"conv1", "bn1", "layer1", "layer2", "layer3", "layer4"}


@pytest.mark.parametrize(("stride", "size"), [(2, (2, 1)), (1, (4, 2))])
def test_the_last_stride_keeps_the_map(stride: int, size: tuple[int, int]) -> None:
    pictures = torch.randn(2, 3, 64, 32)
    assert ResNet(18, stride)(pictures).shape == (2, 512, *size)
    mobile = Mobile(stride)
    assert mobile(pictures).shape == (2, mobile.channels, *size)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_weights_come_in_by_path_without_their_classifier(suffix: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    theirs, ours = ResNet(18).eval(), ResNet(18).eval()
    # files of old torchvision releases have no counters of batches
    state = {key: value for key, value in theirs.state_dict().items() if not key.endswith("num_batches_tracked")}
    state |= {"fc.weight": torch.zeros(1000, 512), "fc.bias": torch.zeros(1000)}
    path = tmp_path / f"weights{suffix}"
    if suffix == ".pth":
        torch.save(state, path)
    else:
        save_file(state, path)
    ours.load_torchvision(path)
    pictures = torch.randn(1, 3, 32, 32)
    assert torch.equal(ours(pictures), theirs(pictures))


def test_a_name_is_looked_up_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESTRIDE_CACHE", str(tmp_path))
    torch.save(ResNet(18).state_dict(), tmp_path / RESNET18.file)
    ResNet(18).load_torchvision("resnet18")
    with pytest.raises(CheckpointInvalid, match=r"not the weights of a ResNet-50: it lacks layer1"):
        ResNet(50).load_torchvision("resnet18")


def test_offline_a_name_says_what_to_fetch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESTRIDE_CACHE", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody listens there
    with pytest.raises(
        CheckpointInvalid, match=r"resnet18 cannot be fetched \(.+put it here: .+resnet18-f37072fd\.pth"
    ):
        ResNet(18).load_torchvision("resnet18")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_state_dict(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    with pytest.raises(CheckpointInvalid, match=r"weights\.pth: no such file"):
        ResNet(18).load_torchvision(path)
    path.write_bytes(b"no weights")
    with pytest.raises(CheckpointInvalid, match=r"weights\.pth: cannot be read as a state dict"):
        ResNet(18).load_torchvision(path)
    torch.save([1, 2], path)
    with pytest.raises(CheckpointInvalid, match=r"expected a state dict, names to tensors, found a list"):
        ResNet(18).load_torchvision(path)
    torch.save(ResNet(18).layer1.state_dict(), path)
    with pytest.raises(CheckpointInvalid, match=r"lacks .+ and \d+ more; it has besides .+0\.bn1"):
        ResNet(18).load_torchvision(path)
