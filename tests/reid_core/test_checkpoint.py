"""Checkpoints: what goes in comes out, and whatever does not fit is said in one line."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from reid_core import options
from reid_core.errors import CheckpointInvalid, ConfigInvalid, PluginNotFound
from reid_core.models.build import build_model
from reid_core.models.checkpoint import ModelCard, read_checkpoint, write_checkpoint
from tests.fakes.installed import install_plugins

CARD = ModelCard(trained_on="two made-up people", version="3", metrics={"toy rank-1": 1.0})


class TwoLayers(nn.Module):
    class Options(options.Options, frozen=True):
        width: int = 4

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.first = nn.Linear(3, options.width)
        self.norm = nn.BatchNorm1d(options.width)
        self.last = nn.Linear(options.width, 2)


class Shared(TwoLayers):
    """Uses one weight in two places."""

    def __init__(self, options: TwoLayers.Options) -> None:
        super().__init__(options)
        self.again = self.first


class NoModule:
    class Options(options.Options, frozen=True):
        width: int = 4

    def __init__(self, options: Options) -> None:
        self.options = options


@pytest.fixture(autouse=True)
def networks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"two_layers": "TwoLayers", "other": "TwoLayers", "shared": "Shared", "no_module": "NoModule"}
    install_plugins(
        tmp_path / "site", monkeypatch, {"networks": {name: f"{__name__}:{c}" for name, c in names.items()}}
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "weights" / "m.safetensors"


def write(path: Path, name: str = "two_layers", width: int = 5, seed: int = 1) -> nn.Module:
    torch.manual_seed(seed)
    model = build_model(name, {"width": width})
    write_checkpoint(path, name, model, TwoLayers.Options(width=width), CARD)
    return model


def refused(path: Path, expected: str = "two_layers") -> str:
    with pytest.raises(CheckpointInvalid) as caught:
        read_checkpoint(path, expected)
    said = str(caught.value)
    assert said.startswith(f"{path}: ")
    assert "\n" not in said
    return said.removeprefix(f"{path}: ")


def rewrite(path: Path, metadata: dict[str, str] | None) -> None:
    save_file(load_file(path), path, metadata)


def header(**changes: object) -> dict[str, str]:
    good = {"format": 1, "model": "two_layers", "options": {"width": 5}, "card": {"trained_on": "x"}}
    return {"restride": json.dumps({**good, **changes})}


def test_what_goes_in_comes_out(path: Path) -> None:
    model = write(path)
    found = read_checkpoint(path, "two_layers")
    assert (found.name, found.card) == ("two_layers", CARD)
    assert isinstance(found.model, TwoLayers)
    assert found.model.first.out_features == 5  # its options came from the file
    assert not found.model.training
    read = found.model.state_dict()
    assert all(torch.equal(value, read[key]) for key, value in model.state_dict().items())


def test_the_hash_is_of_the_weights_and_options(path: Path) -> None:
    write(path)
    first = read_checkpoint(path, "two_layers").hash
    write(path)
    assert read_checkpoint(path, "two_layers").hash == first
    write(path, seed=2)
    assert read_checkpoint(path, "two_layers").hash != first


def test_weights_used_in_two_places_survive(path: Path) -> None:
    write(path, "shared")
    found = read_checkpoint(path, "shared").model
    assert isinstance(found, Shared)
    assert found.again.weight is found.first.weight


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(path: Path) -> None:
    write(path)
    before = path.read_bytes()
    model = build_model("two_layers", {})
    model.register_buffer("sparse", torch.eye(3).to_sparse())  # which cannot be stored
    with pytest.raises((ValueError, NotImplementedError, RuntimeError)):
        write_checkpoint(path, "two_layers", model, TwoLayers.Options(), CARD)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_no_such_file(path: Path) -> None:
    assert refused(path) == "no such file; expected a checkpoint of 'two_layers'"
    path.mkdir(parents=True)
    assert refused(path).startswith("no such file")


@pytest.mark.parametrize("keep", [0, 4, 40, -7])
def test_cut_short(path: Path, keep: int) -> None:
    write(path)
    path.write_bytes(path.read_bytes()[:keep])
    assert refused(path).startswith("not a whole safetensors file (")
    assert "cut short or is something else" in refused(path)


def test_something_else(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"PK\x03\x04 a pickle of somebody else's" * 100)
    assert refused(path).startswith("not a whole safetensors file (")


def test_another_models(path: Path) -> None:
    write(path, "other")
    assert refused(path) == "holds the model 'other', expected 'two_layers'"


def test_of_somebody_else(path: Path) -> None:
    write(path)
    rewrite(path, None)
    assert refused(path) == "safetensors, but not written by restride; expected its metadata 'restride'"


def test_of_another_format(path: Path) -> None:
    write(path)
    rewrite(path, header(format=2))
    assert refused(path).startswith("checkpoint format 2, this restride reads 1")


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 1}', "null"])
def test_damaged_metadata(path: Path, text: str) -> None:
    write(path)
    rewrite(path, {"restride": text})
    assert refused(path).startswith("its metadata is damaged: ")


def test_options_that_its_model_does_not_know(path: Path) -> None:
    write(path)
    rewrite(path, header(options={"widht": 5}))
    assert refused(path) == (
        "its model cannot be made here: networks two_layers: options: widht: unknown key; did you mean 'width'?"
    )


def test_a_model_that_is_not_installed(path: Path) -> None:
    write(path)
    rewrite(path, header(model="gone"))
    assert "no networks named 'gone'; installed: " in refused(path, "gone")


def test_weights_of_other_options(path: Path) -> None:
    write(path)
    rewrite(path, header(options={"width": 6}))
    assert refused(path) == (
        "does not fit the model that its options make: it has in another shape first.bias (5,) for (6,), "
        "first.weight (5, 3) for (6, 3), last.weight (2, 5) for (2, 6) and 4 more"
    )


def test_keys_that_are_missing_or_left_over_are_named(path: Path) -> None:
    write(path)
    tensors = load_file(path)
    tensors["final.bias"] = tensors.pop("last.bias")
    save_file(tensors, path, header())
    assert refused(path).endswith(": it lacks last.bias; it has besides final.bias")


def test_only_torch_modules_are_models() -> None:
    with pytest.raises(ConfigInvalid, match=r"^networks no_module: expected a torch module, found a NoModule$"):
        build_model("no_module", {})
    with pytest.raises(PluginNotFound, match=r"no networks named 'asgi'; installed: .*two_layers"):
        build_model("asgi", {})
