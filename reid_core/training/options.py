"""What a training is told: one YAML file, checked before anything is read or built."""

from typing import Annotated, Literal

from msgspec import Meta

from reid_core.data.augment import AugmentOptions
from reid_core.data.sampler import SamplerOptions
from reid_core.errors import ConfigInvalid
from reid_core.options import Options, PluginUse

Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]
Count = Annotated[int, Meta(ge=1)]


class DataOptions(Options, frozen=True):
    name: str  # of the data set, as `restride-lab data check` knows it
    root: str  # its folder
    annotations: str = ""  # folder with parsing, silhouettes and poses of its pictures; "": there are none
    skip_odd: bool = False  # leave out files that do not fit the layout
    damaged: Literal["refuse", "replace"] = "refuse"  # replace: by another sample of the same person
    validation: Annotated[float, Meta(ge=0, lt=1)] = 0.1  # share of train's persons to choose the best by; 0: the last
    stride: Count = 4  # frames between two pictures of a clip; videos only


class Schedule(Options, frozen=True):
    """How the learning rate goes, in epochs."""

    warm_up: NotNegative = 0.0
    warm_up_from: Annotated[float, Meta(gt=0, le=1)] = 0.1  # of the learning rate
    kind: Literal["step", "cosine"] = "step"
    milestones: tuple[Count, ...] = ()  # step: epochs at which the rate drops
    factor: Annotated[float, Meta(gt=0, le=1)] = 0.1  # step: to this share at each


class Stage(Options, frozen=True):
    """One piece of a training: what of a system learns in it is the system's own matter."""

    epochs: Count
    name: str = "train"  # as the system calls it; the systems of one stage say train
    batch: SamplerOptions = SamplerOptions()
    augment: AugmentOptions = AugmentOptions()
    optimizer: Literal["adam", "adamw", "sgd"] = "adam"
    learning_rate: Positive = 3.5e-4
    weight_decay: NotNegative = 5e-4
    momentum: Annotated[float, Meta(ge=0, lt=1)] = 0.9  # sgd only
    schedule: Schedule = Schedule()
    accumulate: Count = 1  # steps of the sampler whose gradients are averaged for one of the optimiser
    clip_gradient: NotNegative = 0.0  # longest norm of all gradients together; 0: as long as they are


class Start(Options, frozen=True):
    """What the weights are before the first step. Nothing given: random, by the seed."""

    backbone: str = ""  # published weights, by path or by name (resnet50): torchvision's, or CLIP's for SCI
    checkpoint: str = ""  # of the same system, written by an earlier training
    new_heads: bool = False  # of that checkpoint, leave out what has another shape here: classifiers of other persons


class TrainOptions(Options, frozen=True):
    system: PluginUse  # a network; how many persons and clothes there are is filled in from the data
    data: DataOptions
    stages: Annotated[tuple[Stage, ...], Meta(min_length=1)]
    out: str  # folder for checkpoints, state and log
    start: Start = Start()
    seed: Annotated[int, Meta(ge=0)] = 0  # of weights, samples, augmentation and the validation split
    deterministic: bool = False  # only kernels that give the same bits each time; slower on a GPU
    device: Literal["auto", "cpu", "cuda"] = "auto"  # auto: the GPU where there is one
    amp: bool = True  # bfloat16 where it is safe; on a GPU only
    ema: Annotated[float, Meta(ge=0, lt=1)] = (
        0.0  # decay of an average of the weights, validated in their place; 0: none
    )
    workers: Annotated[int, Meta(ge=0)] = 2  # processes that read pictures; 0: none but the training itself
    save_every: Count = 500  # optimiser steps between two states to resume from
    validate_every: Count = 5  # epochs
    test_batch: Count = 32  # pictures or clips at a time in validation
    tensorboard: bool = False  # needs `pip install tensorboard`
    notes: str = ""  # for the model card


def check(options: TrainOptions, where: str) -> None:
    """What types alone do not say."""
    names = [stage.name for stage in options.stages]
    for i, stage in enumerate(options.stages):
        schedule = stage.schedule
        if schedule.kind == "cosine" and schedule.milestones:
            raise ConfigInvalid(f"{where}: stages[{i}].schedule.milestones: a cosine has none; use kind: step")
        if schedule.warm_up >= stage.epochs:
            raise ConfigInvalid(
                f"{where}: stages[{i}].schedule.warm_up: {schedule.warm_up:g} epochs of warm-up in a stage of "
                f"{stage.epochs}; lower it"
            )
        if stage.name in names[:i]:
            raise ConfigInvalid(f"{where}: stages[{i}].name: {stage.name!r} is given twice")
