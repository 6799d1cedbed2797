"""What happened, step by step: one line of JSON each, a progress bar, and TensorBoard where it is wanted."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor

from reid_core.errors import ConfigInvalid, PluginNotFound
from reid_core.training.resume import Position


class TrainingLog:
    """Of the one process that leads. Losses are fetched from the device once a line, not once a step."""

    def __init__(self, folder: Path, position: Position, total: int, tensorboard: bool) -> None:
        self._path = folder / "log.jsonl"
        _forget_after(self._path, position.updates)
        self._file = self._path.open("a", encoding="utf-8")
        self._board = _board(folder, position.updates) if tensorboard else None
        console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("training", total=total)
        self._losses: list[Mapping[str, Tensor]] = []
        self._since = time.perf_counter()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._bar.stop()
        self._file.close()
        if self._board:
            self._board.close()

    def add(self, losses: Mapping[str, Tensor], done: int) -> None:
        """`done`: optimiser steps behind us, for the bar."""
        self._losses.append(losses)
        self._bar.update(self._task, completed=done)

    def losses(self, where: str, position: Position, rate: float) -> None:
        """One line for all steps since the last. Raises ConfigInvalid where a loss is no number any more."""
        if not self._losses:
            return
        names = self._losses[0]
        means = {name: float(torch.stack([each[name] for each in self._losses]).mean()) for name in names}
        seconds = (time.perf_counter() - self._since) / len(self._losses)
        self._losses, self._since = [], time.perf_counter()
        if not all(abs(value) < float("inf") for value in means.values()):  # NaN is not smaller
            said = ", ".join(f"{name} {value:.4g}" for name, value in means.items())
            raise ConfigInvalid(
                f"{where}, epoch {position.epoch}, step {position.step}: the losses are no numbers any more ({said}); "
                "lower its learning_rate, or set clip_gradient"
            )
        self._bar.update(self._task, description=f"{where} epoch {position.epoch} loss {means['total']:.3f}")
        self.line("losses", position, stage=where, rate=rate, seconds=round(seconds, 4), losses=means)

    def line(self, what: str, position: Position, **more: Any) -> None:
        record = {"what": what, "update": position.updates, "epoch": position.epoch, "step": position.step, **more}
        self._file.write(json.dumps(record) + "\n")
        self._file.flush()
        if self._board:
            for key, value in {**more, **more.get("losses", {})}.items():
                if isinstance(value, float):
                    self._board.add_scalar(f"{what}/{key}", value, position.updates)
        if what == "losses":
            return
        self._since = time.perf_counter()  # validation is no training step
        figures = ", ".join(f"{key} {_short(value)}" for key, value in more.items())
        self._bar.console.print(f"epoch {position.epoch}: {what}: {figures}", highlight=False)


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _forget_after(path: Path, updates: int) -> None:
    """A killed run has logged more than its state knows; those steps come again."""
    if not path.exists():
        return
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line.endswith("}") and json.loads(line)["update"] <= updates]
    path.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")


def _board(folder: Path, updates: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise PluginNotFound(
            f"tensorboard: true, but it is not installed ({error}): pip install tensorboard"
        ) from error
    return SummaryWriter(str(folder / "tensorboard"), purge_step=updates + 1)
