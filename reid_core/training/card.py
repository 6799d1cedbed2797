"""The model card of a training: on whom, by which validation, and whether those people are real."""

from reid_core.data.samples import DataSet
from reid_core.models.checkpoint import ModelCard
from reid_core.training.options import TrainOptions
from reid_core.training.resume import Position

SYNTHETIC = "SYNTHETIC"  # a file of this name in a data set's folder: its people were drawn by restride-lab
_RENDERED = frozenset({"vc_clothes"})  # published data sets of people out of a game


def is_synthetic(data: DataSet) -> bool:
    return (data.root / SYNTHETIC).exists()


def card_of(data: DataSet, options: TrainOptions, position: Position) -> ModelCard:
    persons = len({sample.person for sample in data.train})
    kind = "synthetic people" if is_synthetic(data) else "rendered people" if data.name in _RENDERED else ""
    trained_on = f"{data.name}, train: {persons} persons, {len(data.train)} {_NOUN[data.kind]}"
    if options.data.validation:
        held = len({sample.person for sample in (*data.query, *data.gallery)})
        trained_on += f"; {held} more persons of train held out for validation"
    begun = " and ".join(filter(None, (options.start.backbone, options.start.checkpoint)))
    notes = [f"{position.updates} updates, seed {options.seed}"]
    notes += [f"began from {begun}"] if begun else ["began from nothing"]
    notes += [options.notes] if options.notes else []
    return ModelCard(
        trained_on=f"{trained_on}{f' (synthetic: {kind})' if kind else ''}",
        notes="; ".join(notes),
        metrics={} if position.best is None else {f"{data.name} validation mAP": position.best},
    )


_NOUN = {"image": "pictures", "video": "tracklets"}
