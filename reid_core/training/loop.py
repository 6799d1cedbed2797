"""The steps of one epoch: losses, gradients, and the optimiser. It knows of no system and of no file."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
import torch
from torch import Tensor, nn, optim
from torch.nn.parallel import DistributedDataParallel

from reid_core.data.batches import ClipBatch, ImageBatch
from reid_core.training.options import Stage
from reid_core.training.schedule import rate_factor
from reid_core.training.world import World

TOTAL = "total"  # the loss that is minimised
Batch = ImageBatch | ClipBatch


class System(Protocol):
    """A torch module that trains itself: forward is inference, and this is the rest."""

    @property
    def stages(self) -> tuple[str, ...]: ...
    def begin_stage(self, name: str) -> None: ...
    def losses(self, batch: Batch) -> Mapping[str, Tensor]: ...


class Losses(nn.Module):
    """The losses as a forward, which is all that DistributedDataParallel wraps."""

    def __init__(self, system: nn.Module) -> None:
        super().__init__()
        self.system = system

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        losses = cast(System, self.system).losses(batch)
        # only the total carries gradients: whatever else does would be waited for by the other processes
        return {name: loss if name == TOTAL else loss.detach() for name, loss in losses.items()}


@dataclass(frozen=True, slots=True)
class Update:
    """One step of the optimiser, done."""

    step: int  # of the sampler, in this epoch: how many are behind us
    rate: float
    losses: Mapping[str, Tensor]  # scalars, detached; of one process


def shared(system: nn.Module, world: World) -> nn.Module:
    """To be called instead of the system's losses: gradients are averaged over all processes."""
    losses = Losses(system)
    if world.ranks == 1:
        return losses
    # A batch without poses, say, reaches no gait weights; unused ones must not stop the others. Statistics of norms are
    # those of the process that leads: no training step reads them.
    return DistributedDataParallel(losses, find_unused_parameters=True, broadcast_buffers=False)


def optimizer_of(stage: Stage, system: nn.Module) -> optim.Optimizer:
    weights = [each for each in system.parameters() if each.requires_grad]
    rate, decay = stage.learning_rate, stage.weight_decay
    match stage.optimizer:
        case "adam":
            return optim.Adam(weights, rate, weight_decay=decay)
        case "adamw":
            return optim.AdamW(weights, rate, weight_decay=decay)
        case "sgd":
            return optim.SGD(weights, rate, momentum=stage.momentum, weight_decay=decay)


def updates(
    losses_of: nn.Module,
    optimizer: optim.Optimizer,
    stage: Stage,
    batches: Iterable[Batch],
    *,
    epoch: int,
    begin: int,
    steps: int,
    world: World,
    chances: tuple[int, ...],
    amp: bool,
) -> Iterator[Update]:
    """From sampler step `begin` of `steps` on. `chances`: what the random numbers of this epoch come from."""
    for step, batch in enumerate(batches, begin):
        group = min(stage.accumulate, steps - step // stage.accumulate * stage.accumulate)  # an epoch's last is smaller
        closes = (step + 1) % stage.accumulate == 0 or step + 1 == steps
        _reseed(*chances, step, world.rank)
        with _apart(losses_of, closes):
            with torch.autocast(world.device.type, torch.bfloat16, enabled=amp):
                losses: dict[str, Tensor] = losses_of(batch.to(world.device))
            torch.autograd.backward(losses[TOTAL] / group)
        if not closes:
            continue
        if stage.clip_gradient:
            nn.utils.clip_grad_norm_(optimizer.param_groups[0]["params"], stage.clip_gradient)
        rate = stage.learning_rate * rate_factor(stage.schedule, epoch + step / steps, stage.epochs)
        optimizer.param_groups[0]["lr"] = rate
        optimizer.step()
        optimizer.zero_grad()
        yield Update(step + 1, rate, {name: loss.detach() for name, loss in losses.items()})


def _reseed(*where: int) -> None:
    """Dropout and the like draw from the place in the training alone: a resumed run draws the same."""
    torch.manual_seed(int(np.random.SeedSequence(where).generate_state(1)[0]))


def _apart(losses_of: nn.Module, closes: bool) -> AbstractContextManager[None]:
    """Gradients travel between processes once an optimiser step."""
    if closes or not isinstance(losses_of, DistributedDataParallel):
        return nullcontext()
    return losses_of.no_sync()
