"""From options to what a training stands on: data, system, and how the one is fed with the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import nn

from reid_core import registry
from reid_core.data.feed import Feed, annotations_of, wants_of
from reid_core.data.read import read
from reid_core.data.samples import DataSet, Numbering, labels_of_test, training_classes
from reid_core.data.validation import with_validation
from reid_core.errors import ConfigInvalid
from reid_core.models.build import build_model
from reid_core.options import Options, PluginUse, convert_options
from reid_core.training.loop import System
from reid_core.training.options import TrainOptions
from reid_core.training.start import load_backbones, load_checkpoint


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    data: DataSet  # query and gallery are people held out of train, if any are
    name: str  # of the system
    system: nn.Module
    options: Options  # that the system was built from
    feed: Feed  # to train with
    tests: Feed  # for the people held out


def prepare(options: TrainOptions) -> Prepared:
    data = _data(options)
    numbering = training_classes(data.train)
    use = _with_classes(options.system, numbering)
    torch.manual_seed(options.seed)  # for the weights
    system = build_model(use.use, use.options)
    _check_stages(use.use, cast(System, system).stages, [stage.name for stage in options.stages])
    if options.start.backbone:
        load_backbones(use.use, system, options.start.backbone)
    if options.start.checkpoint:
        load_checkpoint(use.use, system, Path(options.start.checkpoint).expanduser(), options.start.new_heads)
    wants = wants_of(use.use, system, data.kind, options.data.stride)
    folder = Path(options.data.annotations).expanduser() if options.data.annotations else None
    annotations = annotations_of(data, folder, wants, "data.annotations")
    return Prepared(
        data=data,
        name=use.use,
        system=system,
        options=convert_options(use.options, registry.find("networks", use.use).Options, where=use.use),
        feed=Feed(wants, numbering, annotations),
        tests=Feed(wants, labels_of_test(data.query, data.gallery), annotations),
    )


def _data(options: TrainOptions) -> DataSet:
    wanted = options.data
    data = read(wanted.name, Path(wanted.root).expanduser(), skip_odd=wanted.skip_odd)
    return with_validation(data, options.seed, held_out=wanted.validation) if wanted.validation else data


def _with_classes(use: PluginUse, numbering: Numbering) -> PluginUse:
    """The number of classes is the data's; what was given must be the same."""
    accepted = registry.find("networks", use.use).Options.__struct_fields__
    filled = dict(use.options)
    for key, count in {"persons": len(numbering.persons), "clothes": len(numbering.clothes)}.items():
        if filled.get(key, count) != count:
            raise ConfigInvalid(
                f"system.options.{key}: {filled[key]} classes, but the data to train on has {count}; "
                "leave the key out, and it is filled in"
            )
        if key in accepted:
            filled[key] = count
    return PluginUse(use=use.use, options=filled)


def _check_stages(name: str, known: Sequence[str], given: Sequence[str]) -> None:
    if tuple(given) != tuple(known):
        raise ConfigInvalid(f"stages: {name} is trained in {', '.join(known)}, in this order; found {', '.join(given)}")
