"""The state of a training on disk: all that a killed run needs to go on as if nothing had been."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import msgspec
import torch
from torch import nn, optim

from reid_core.errors import CheckpointInvalid, ConfigInvalid
from reid_core.training.ema import Ema
from reid_core.training.options import TrainOptions

FORMAT = 1
# may change between a kill and its resumption, for they change no result
_FREE = frozenset({"workers", "save_every", "tensorboard", "out", "device", "notes", "test_batch"})


@dataclass(frozen=True, slots=True)
class Position:
    """What is behind us."""

    stage: int = 0
    epoch: int = 0  # of the stage
    step: int = 0  # of the sampler, in the epoch
    updates: int = 0  # steps of the optimiser since the beginning
    best: float | None = None  # of the validations in this stage so far


@dataclass(frozen=True, slots=True, eq=False)
class Saved:
    path: Path
    position: Position
    system: Mapping[str, Any]
    optimizer: Mapping[str, Any]
    ema: Mapping[str, Any] | None

    def fill(self, system: nn.Module, optimizer: optim.Optimizer, ema: Ema | None) -> None:
        """After the stage has begun: what beginning it has computed, training may have changed since."""
        try:
            system.load_state_dict(self.system)
            optimizer.load_state_dict(dict(self.optimizer))
            if ema and self.ema:
                ema.system.load_state_dict(self.ema)
        except (RuntimeError, ValueError, KeyError) as error:
            reason = str(error).splitlines()[0]
            raise CheckpointInvalid(f"{self.path}: is of another system ({reason}); choose another folder") from error


def write_state(
    path: Path,
    options: TrainOptions,
    position: Position,
    system: nn.Module,
    optimizer: optim.Optimizer,
    ema: Ema | None,
) -> None:
    """Whole or not at all, also when the power goes."""
    state = {
        "format": FORMAT,
        "options": msgspec.json.encode(options).decode(),
        "position": asdict(position),
        "system": system.state_dict(),
        "optimizer": optimizer.state_dict(),
        "ema": ema.system.state_dict() if ema else None,
    }
    half_written = path.with_name(f"{path.name}.part")
    with half_written.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    half_written.replace(path)


def read_state(path: Path, options: TrainOptions) -> Saved:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        if not isinstance(state, dict) or state.get("format") != FORMAT:
            raise CheckpointInvalid(f"{path}: not a state of a training of this restride; delete it to begin anew")
        then, position = json.loads(state["options"]), Position(**state["position"])
    except (OSError, RuntimeError, EOFError, KeyError, TypeError, ValueError, UnpicklingError) as error:
        raise CheckpointInvalid(f"{path}: damaged, not to be resumed from; delete it to begin anew") from error
    _same(path, then, json.loads(msgspec.json.encode(options)))
    return Saved(path, position, state["system"], state["optimizer"], state["ema"])


def _same(path: Path, then: dict[str, Any], now: dict[str, Any]) -> None:
    for key in sorted(now.keys() - _FREE):
        if then.get(key) != now[key]:
            raise ConfigInvalid(
                f"{path}: was trained with another {key}: {_short(then.get(key))}, now {_short(now[key])}; "
                "give back the old options, or choose another folder"
            )


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:80]}..."
