"""A whole training: stages, epochs, and all that is written on the way."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import cast

import torch
from torch import optim

from reid_core.data.clip_source import ClipSource
from reid_core.data.feed import batches
from reid_core.data.image_source import ImageSource
from reid_core.data.sampler import IdentitySampler, identity_sampler
from reid_core.errors import ConfigInvalid
from reid_core.evaluation.features import Pass
from reid_core.models.checkpoint import write_checkpoint
from reid_core.training.card import card_of
from reid_core.training.ema import Ema
from reid_core.training.log import TrainingLog
from reid_core.training.loop import System, optimizer_of, shared, updates
from reid_core.training.options import Stage, TrainOptions
from reid_core.training.prepare import Prepared, prepare
from reid_core.training.resume import Position, read_state, write_state
from reid_core.training.validate import validated
from reid_core.training.world import World, entered

LAST, BEST, STATE = "last.safetensors", "best.safetensors", "state.pt"
_LOG_EVERY = 10  # optimiser steps


@dataclass(frozen=True, slots=True)
class Outcome:
    checkpoint: Path  # the best of the last stage, or without validation the last
    updates: int  # steps of the optimiser
    best: float | None  # mean average precision on the people held out


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """What one stage trains on."""

    stage: Stage
    source: ImageSource | ClipSource
    sampler: IdentitySampler


def train(options: TrainOptions, *, resume: bool = False) -> Outcome:
    """Raises ConfigInvalid for a folder that holds a training already, unless it is to go on."""
    folder = Path(options.out).expanduser()
    state = folder / STATE
    if state.exists() and not resume:
        raise ConfigInvalid(f"{folder}: holds a training already; go on with --resume, or choose another folder")
    with entered(options.device) as world, _kernels(options.deterministic):
        training = _Training(options, folder, world, prepare(options))
        training.run(state if state.exists() else None)
        world.wait()
        best = folder / (BEST if options.data.validation else LAST)
        return Outcome(best, training.position.updates, training.position.best)


class _Training:
    def __init__(self, options: TrainOptions, folder: Path, world: World, ground: Prepared) -> None:
        self._options, self._folder, self._world, self._ground = options, folder, world, ground
        self._system = ground.system.to(world.device)
        self._ema = Ema(self._system, options.ema) if options.ema else None
        self._how = Pass(world.device, options.test_batch, options.workers)
        self.position = Position()

    def run(self, state: Path | None) -> None:
        options = self._options
        saved = read_state(state, options) if state else None
        self.position = saved.position if saved else Position()
        work = [self._work(stage) for stage in options.stages]
        with self._log([each.sampler for each in work]) as log:
            for number in range(self.position.stage, len(options.stages)):
                stage = work[number].stage
                cast(System, self._system).begin_stage(stage.name)
                optimizer = optimizer_of(stage, self._system)
                if saved and saved.position.stage == number:
                    saved.fill(self._system, optimizer, self._ema)
                else:  # what an earlier stage reached is only where this one begins
                    self.position = replace(self.position, best=None)
                self.position = replace(self.position, stage=number)
                before = sum(each.epochs for each in options.stages[:number])
                self._stage(work[number], optimizer, log, before)
                self.position = replace(self.position, epoch=0)
        if log:
            self._write(LAST)

    def _work(self, stage: Stage) -> _Work:
        options, ground = self._options, self._ground
        source, samples = ground.feed.to_train(ground.data.train, stage.augment, options.seed, options.data.damaged)
        return _Work(stage, source, identity_sampler(samples, stage.batch, options.seed))

    def _stage(self, work: _Work, optimizer: optim.Optimizer, log: TrainingLog | None, before: int) -> None:
        """`before`: epochs of the stages before this one, so that no two epochs draw the same."""
        options, stage = self._options, work.stage
        losses_of = shared(self._system, self._world)
        for epoch in range(self.position.epoch, stage.epochs):
            begin = self.position.step
            plan = work.sampler.epoch(before + epoch, begin=begin, rank=self._world.rank, ranks=self._world.ranks)
            self._system.train()
            for update in updates(
                losses_of,
                optimizer,
                stage,
                batches(work.source, plan, options.workers),
                epoch=epoch,
                begin=begin,
                steps=begin + len(plan),
                world=self._world,
                chances=(options.seed, before + epoch),
                amp=options.amp and self._world.device.type == "cuda",
            ):
                done = self.position.updates + 1
                self.position = replace(self.position, step=update.step, updates=done)
                if self._ema:
                    self._ema.follow(self._system, done)
                if log:
                    log.add(update.losses, done)
                    if done % _LOG_EVERY == 0 or done % options.save_every == 0:
                        log.losses(stage.name, self.position, update.rate)
                if done % options.save_every == 0:
                    self._save(optimizer)
            self.position = replace(self.position, epoch=epoch + 1, step=0)
            if log:
                log.losses(stage.name, self.position, update.rate)
            if options.data.validation and ((epoch + 1) % options.validate_every == 0 or epoch + 1 == stage.epochs):
                self._validate(log)
            self._save(optimizer)

    def _validate(self, log: TrainingLog | None) -> None:
        """By one process; the others wait for it."""
        if log:
            system = self._ema.system if self._ema else self._system
            score = validated(system, self._ground.tests, self._ground.data, self._how)
            log.line("validation", self.position, **asdict(score))
            if self.position.best is None or score.mean_ap > self.position.best:
                self.position = replace(self.position, best=score.mean_ap)
                self._write(BEST)
        self._world.wait()

    def _save(self, optimizer: optim.Optimizer) -> None:
        if self._world.leads:
            state = self._folder / STATE
            write_state(state, self._options, self.position, self._system, optimizer, self._ema)

    def _write(self, file: str) -> None:
        ground, system = self._ground, self._ema.system if self._ema else self._system
        card = card_of(ground.data, self._options, self.position)
        write_checkpoint(self._folder / file, ground.name, system, ground.options, card)

    def _log(self, samplers: list[IdentitySampler]) -> "TrainingLog | nullcontext[None]":
        if not self._world.leads:
            return nullcontext()
        self._folder.mkdir(parents=True, exist_ok=True)
        total = sum(
            stage.epochs * -(-len(sampler.plan(0)) // stage.accumulate)  # about: epochs differ by a few
            for stage, sampler in zip(self._options.stages, samplers, strict=True)
        )
        return TrainingLog(self._folder, self.position, total, self._options.tensorboard)


@contextmanager
def _kernels(deterministic: bool) -> Iterator[None]:
    """`deterministic`: an operation that cannot give the same bits each time is an error."""
    before = torch.are_deterministic_algorithms_enabled()
    if deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS asks for it before its first call
        torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
