"""A checkpoint and a data set -> a report: every setting of the data set, every cue of the system."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from reid_core.data.decode import read_picture
from reid_core.data.feed import Feed, annotations_of, wants_of
from reid_core.data.samples import DataSet, Sample, labels_of_test
from reid_core.errors import DataSetInvalid
from reid_core.evaluation.features import Pass, Seen, embed
from reid_core.evaluation.pictures import Frame, Shown
from reid_core.evaluation.report import write_report
from reid_core.evaluation.results import About, Report, Result
from reid_core.evaluation.retrieve import Embedded, How, Item, Verdict, evaluate, nearest
from reid_core.evaluation.settings import Setting, dropped, settings_of, takes_part
from reid_core.models.checkpoint import Checkpoint, model_of, read_checkpoint
from reid_core.records import FUSED

_SHOWN = 6  # queries in the picture
_FRAMES = {Verdict.RIGHT: Frame.RIGHT, Verdict.WRONG: Frame.WRONG, Verdict.DROPPED: Frame.DROPPED}


@dataclass(frozen=True, slots=True)
class Trial:
    """How a checkpoint is tried."""

    passing: Pass
    how: How
    system: str = ""  # that the checkpoint must be of; "": whichever it is
    annotations: Path | None = None  # folder with parsing, silhouettes and poses
    stride: int = 4  # frames between two pictures of a clip; videos only


def evaluate_checkpoint(
    path: Path,
    data: DataSet,
    out: Path,
    trial: Trial,
    synthetic: bool = False,
    advance: Callable[[int], None] | None = None,
) -> Report:
    """Writes the report into the folder `out`. Raises DataSetInvalid where no setting has a query with a match."""
    checkpoint = read_checkpoint(path, trial.system or model_of(path))
    system = checkpoint.model.to(trial.passing.device)
    wants = wants_of(checkpoint.name, system, data.kind, trial.stride)
    annotations = annotations_of(data, trial.annotations, wants, "annotations")
    feed = Feed(wants, labels_of_test(data.query, data.gallery), annotations)
    query, gallery = (embed(system, feed, split, trial.passing, advance) for split in (data.query, data.gallery))
    settings = [setting for name in data.settings for setting in settings_of(name)]
    results, faults = _results(query, gallery, settings, trial.how)
    if not results:
        raise DataSetInvalid(f"{data.name}: {faults[0]}")
    notes = (*_notes(checkpoint, data, query, gallery, trial), *faults)
    return write_report(
        out,
        f"{checkpoint.name} on {data.name}",
        _about(checkpoint, data, notes, synthetic),
        results,
        _retrieved(data, query, gallery, settings, trial.how),
    )


def _results(query: Seen, gallery: Seen, settings: Sequence[Setting], how: How) -> tuple[list[Result], list[str]]:
    """Of each setting the fused cue first. And what is wrong with the settings that cannot be evaluated."""
    results: list[Result] = []
    faults: list[str] = []
    cues = sorted(query.cues, key=lambda name: (name != FUSED, name))
    for setting in settings:
        try:
            results += [evaluate(query.cues[cue], gallery.cues[cue], setting, how, cue) for cue in cues]
        except DataSetInvalid as error:
            faults.append(str(error))
    return results, faults


def _about(checkpoint: Checkpoint, data: DataSet, notes: tuple[str, ...], synthetic: bool) -> About:
    return About(
        system=checkpoint.name,
        data=data.name,
        split="test",
        identities=len({sample.person for sample in (*data.query, *data.gallery)}),
        queries=len(data.query),
        gallery=len(data.gallery),
        synthetic=synthetic,
        checkpoint=f"version {checkpoint.card.version}, {checkpoint.hash}",
        notes=notes,
    )


def _notes(checkpoint: Checkpoint, data: DataSet, query: Seen, gallery: Seen, trial: Trial) -> Iterator[str]:
    yield f"trained on {checkpoint.card.trained_on}"
    if trial.passing.flip:
        yield "features of mirror images added"
    if data.kind == "video":
        yield f"clips of every {trial.stride}th frame, their features averaged"
    for samples, seen, whose in ((data.query, query, "queries"), (data.gallery, gallery, "gallery items")):
        if missing := len(samples) - len(seen.samples):
            yield f"{missing} of {len(samples)} {whose} are damaged and left out"
        for cue, count in seen.silent.items():
            if count:
                yield f"{cue} says nothing of {count} of {len(seen.samples)} {whose}"


def _retrieved(data: DataSet, query: Seen, gallery: Seen, settings: Sequence[Setting], how: How) -> list[list[Shown]]:
    """A few queries with what they find, under the first setting that has any."""
    mine, theirs = query.cues[FUSED], gallery.cues[FUSED]
    for setting in settings:
        some = _some_valid(setting, mine, theirs)
        if not some:
            continue
        found = nearest(mine, theirs, setting, some, metric=how.metric)
        asked = [data.query[query.samples[each]] for each in some]
        return [
            [_shown(sample, Frame.QUERY), *(_item(data.gallery[gallery.samples[each.index]], each) for each in row)]
            for sample, row in zip(asked, found, strict=True)
        ]
    return []


def _some_valid(setting: Setting, query: Embedded, gallery: Embedded) -> list[int]:
    """A few queries with a match left, always the same ones."""
    try:
        asking, _ = takes_part(setting, query.labels, gallery.labels)
    except DataSetInvalid:
        return []
    shuffled = np.random.default_rng(0).permutation(asking).tolist()
    return sorted(islice((each for each in shuffled if _has_match(setting, query, gallery, each)), _SHOWN))


def _has_match(setting: Setting, query: Embedded, gallery: Embedded, each: int) -> bool:
    out = dropped(setting, query.labels.take(slice(each, each + 1)), gallery.labels)
    return bool(((gallery.labels.persons == query.labels.persons[each]) & ~out).any())


def _item(sample: Sample, item: Item) -> Shown:
    return _shown(sample, _FRAMES[item.verdict])


def _shown(sample: Sample, frame: Frame) -> Shown:
    picture = read_picture(sample.paths[len(sample.paths) // 2])
    return Shown(picture, f"{sample.person} cam {sample.camera}", frame)
