"""A miniature of a data set, and tiny systems that are installed for these tests."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from reid_core.options import convert_options
from reid_core.training.options import TrainOptions
from tests.fakes.data_sets import fake
from tests.fakes.installed import install_plugins

Configured = Callable[..., TrainOptions]

SYSTEMS = {
    "tiny": "tests.fakes.tiny_system:TinyImages",
    "tiny_staged": "tests.fakes.tiny_system:TinyStaged",
    "tiny_plain": "tests.fakes.tiny_system:TinyPlain",
    "tiny_broken": "tests.fakes.tiny_system:TinyBroken",
}


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def ltcc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fake("ltcc", tmp_path_factory.mktemp("ltcc"))


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that a child process needs on its path to know the tiny systems."""
    install_plugins(tmp_path / "plugins", monkeypatch, {"networks": SYSTEMS})
    return tmp_path / "plugins"


@pytest.fixture
def configured(tmp_path: Path, ltcc: Path, plugins: Path) -> Configured:
    """Options of a training of seconds, with some keys of one's own."""
    del plugins

    def make(out: str = "out", **more: Any) -> TrainOptions:
        raw: dict[str, Any] = {
            "system": {"use": "tiny"},
            "data": {"name": "ltcc", "root": str(ltcc), "validation": 0.25},
            "stages": [{"epochs": 2, "batch": {"persons": 2, "each": 2}, "learning_rate": 0.01}],
            "out": str(tmp_path / out),
            "workers": 0,
            "validate_every": 1,
        }
        return convert_options({**raw, **more}, TrainOptions, "test")

    return make
