"""A training that was killed goes on as if nothing had been."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from torch import Tensor

from reid_core.errors import CheckpointInvalid, ConfigInvalid
from reid_core.training.options import TrainOptions
from reid_core.training.run import train
from tests.fakes.tiny_system import KILL_AT, TinyImages
from tests.reid_core.training.conftest import Configured
from tests.reid_core.training.test_run import lines, weights

ROOT = Path(__file__).parents[3]
STAGE = {"epochs": 2, "batch": {"persons": 2, "each": 2}, "schedule": {"warm_up": 1}}


def command(options: TrainOptions, plugins: Path, *more: str, **environment: str) -> subprocess.Popen[str]:
    config = Path(options.out).with_suffix(".json")  # JSON is YAML
    config.write_bytes(msgspec.json.encode(options))
    return subprocess.Popen(
        [sys.executable, "-m", "reid_core.cli", "train", str(config), *more],
        env={**os.environ, "PYTHONPATH": f"{plugins}:{ROOT}", "OMP_NUM_THREADS": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def same(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> bool:
    return ours.keys() == theirs.keys() and all(torch.equal(ours[key], theirs[key]) for key in ours)


def finished(options: TrainOptions, system: str = "tiny") -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    return tuple(weights(Path(options.out) / f"{name}.safetensors", system) for name in ("last", "best"))  # type: ignore[return-value]


@pytest.mark.slow
def test_sigkill_in_the_middle_changes_no_bit(configured: Configured, plugins: Path) -> None:
    more: dict[str, Any] = {"stages": [{**STAGE, "epochs": 3}], "save_every": 2, "ema": 0.9}
    undisturbed, killed = configured("undisturbed", **more), configured("killed", **more)
    train(undisturbed)
    child = command(killed, plugins, **{KILL_AT: "10"})
    output = child.communicate(timeout=60)[0]
    assert child.returncode == -signal.SIGKILL, output
    assert not (Path(killed.out) / "last.safetensors").exists()
    child = command(killed, plugins, "--resume")
    output = child.communicate(timeout=60)[0]
    assert child.returncode == 0, output
    for ours, theirs in zip(finished(killed), finished(undisturbed), strict=True):
        assert same(ours, theirs)
    seen = [(line["what"], line["update"]) for line in lines(killed)]
    assert len(seen) == len(set(seen)), "a step is logged twice"


class Killed(BaseException):
    pass


def killed_at(call: int, options: TrainOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ends where losses are asked for the `call`-th time, as a kill would."""
    calls = 0
    losses = TinyImages.losses

    def counting(self: TinyImages, batch: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call:
            raise Killed
        return losses(self, batch)

    with monkeypatch.context() as patched:
        patched.setattr(TinyImages, "losses", counting)
        with pytest.raises(Killed):
            train(options)


def test_it_may_be_killed_at_any_step(configured: Configured, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two stages, gradients over two steps, a state after every second update."""
    stage = {**STAGE, "accumulate": 2, "epochs": 2}
    more: dict[str, Any] = {
        "system": {"use": "tiny_staged"},
        "stages": [{**stage, "name": "head"}, {**stage, "name": "all"}],
        "save_every": 2,
        "ema": 0.9,
    }
    undisturbed = configured("undisturbed", **more)
    train(undisturbed)
    expected = finished(undisturbed, "tiny_staged")
    for call in range(2, 20, 3):
        options = configured(f"killed{call}", **more)
        killed_at(call, options, monkeypatch)
        train(options, resume=True)
        for ours, theirs in zip(finished(options, "tiny_staged"), expected, strict=True):
            assert same(ours, theirs), f"killed at step {call}"
        assert [line["update"] for line in lines(options)] == [line["update"] for line in lines(undisturbed)]


def test_a_finished_training_stays_as_it_is(configured: Configured) -> None:
    options = configured()
    outcome = train(options)
    before = finished(options)
    assert train(options, resume=True) == outcome
    assert all(same(ours, theirs) for ours, theirs in zip(finished(options), before, strict=True))


def test_other_options_are_not_gone_on_with(configured: Configured) -> None:
    train(configured())
    with pytest.raises(ConfigInvalid, match="was trained with another seed: 0, now 7; give back the old options"):
        train(configured(seed=7), resume=True)
    train(configured(workers=1), resume=True)


@pytest.mark.parametrize("content", [b"", b"not a state", b"PK\x03\x04 cut short"])
def test_a_damaged_state_is_named(configured: Configured, content: bytes) -> None:
    options = configured()
    train(options)
    (Path(options.out) / "state.pt").write_bytes(content)
    with pytest.raises(CheckpointInvalid, match=r"state.pt: .*delete it to begin anew"):
        train(options, resume=True)
