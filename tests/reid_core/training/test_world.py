"""Several processes that train together, started by torchrun."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import torch

from reid_core.training.run import train
from tests.reid_core.training.conftest import Configured
from tests.reid_core.training.test_resume import ROOT
from tests.reid_core.training.test_run import lines, weights


@pytest.mark.slow
def test_two_processes_learn_what_one_does(configured: Configured, plugins: Path) -> None:
    """A step's persons are shared: without norms and chances, the mean of two gradients is the gradient of one."""
    stage = {"epochs": 2, "batch": {"persons": 2, "each": 2}, "optimizer": "sgd", "learning_rate": 0.1}
    alone, together = (
        configured(name, system={"use": "tiny_plain"}, stages=[stage], device="cpu", save_every=3)
        for name in ("alone", "together")
    )
    train(alone)
    config = Path(together.out).with_suffix(".json")
    config.write_bytes(msgspec.json.encode(together))
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    run = subprocess.run(
        [*torchrun, "-m", "reid_core.cli", "train", str(config)],
        env={**os.environ, "PYTHONPATH": f"{plugins}:{ROOT}", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("best.safetensors") == 1, "one process speaks"
    one, other = (weights(Path(each.out) / "last.safetensors", "tiny_plain") for each in (alone, together))
    for key in one:
        torch.testing.assert_close(other[key], one[key], rtol=1e-5, atol=1e-6)
    assert [line["update"] for line in lines(alone)] == [line["update"] for line in lines(together)]
