"""The commands start at once: what is heavy is loaded by whoever needs it."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent


def processor_seconds(command: list[str]) -> float:
    """Of the child alone: what else runs on this machine is not the command's fault. The best of five."""
    seconds = []
    for _ in range(5):
        before = os.times()
        subprocess.run(command, check=True, capture_output=True)
        after = os.times()
        seconds.append(after.children_user + after.children_system - before.children_user - before.children_system)
    return min(seconds)


@pytest.mark.parametrize("command", ["restride", "restride-lab"])
def test_help_comes_in_half_a_second(command: str) -> None:
    assert processor_seconds([str(BIN / command), "--help"]) < 0.5


def test_a_report_of_a_fault_can_name_the_version() -> None:
    run = subprocess.run([str(BIN / "restride"), "--version"], capture_output=True, text=True, check=True)
    assert run.stdout == f"restride {version('restride')}\n"


@pytest.mark.parametrize("module", ["stream.cli", "reid_core.cli"])
def test_a_command_line_loads_nothing_heavy(module: str) -> None:
    code = f"import {module}, sys; print(*{{each.partition('.')[0] for each in sys.modules}})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "cv2", "av", "faiss", "zmq", "redis", "onnxruntime"} & set(run.stdout.split())
