"""Options for a tracker, searched at random around the best so far: (HOTA + IDF1) / 2, the mean of the sequences."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from reid_core.errors import ConfigInvalid
from reid_core.evaluation.tracking import motchallenge
from reid_core.evaluation.tracking.follow import Recording, followed
from reid_core.evaluation.tracking.report import Figures, figures
from reid_core.options import convert_options
from reid_core.registry import find

Options = Mapping[str, float]
_STEP = 0.25  # typical change of a number, as a share of it
_CHANGED = 3  # options at a time, at most


class Trial(NamedTuple):
    options: Options  # those that differ from the defaults
    figures: dict[str, Figures]  # by sequence

    @property
    def score(self) -> float:
        return float(np.mean([(each.hota.hota + each.identity.idf1) / 2 for each in self.figures.values()]))


def tried(tracker: str, options: Options, recordings: Sequence[Recording]) -> Trial:
    found = {
        each.name: figures(motchallenge.compare(each.truth, followed(tracker, options, each))) for each in recordings
    }
    return Trial(options, found)


def searched(
    tracker: str, recordings: Sequence[Recording], runs: int, seed: int, progress: Callable[[Trial], None]
) -> Trial:
    """The best, within so many runs of all recordings; the first is that of the defaults."""
    rng = np.random.default_rng(seed)
    plugin = find("trackers", tracker)
    numbers = _numbers(plugin.Options())
    if not numbers:
        raise ConfigInvalid(f"tracker {tracker}: no option of it is a number; there is nothing to tune")
    best = tried(tracker, {}, recordings)
    progress(best)
    for _ in range(runs - 1):
        trial = tried(tracker, _varied(plugin.Options, numbers, best.options, rng), recordings)
        progress(trial)
        best = max(best, trial, key=lambda each: each.score)
    return best


def _numbers(options: Any) -> dict[str, float]:
    """The options that can be varied: numbers, with their defaults."""
    values = msgspec.structs.asdict(options)
    return {name: value for name, value in values.items() if type(value) in (int, float)}  # bool is an int too


def _varied(kind: type[Any], numbers: Options, around: Options, rng: np.random.Generator) -> Options:
    """Some numbers changed, within what the options allow."""
    while True:
        changed = dict(around)
        for name in rng.choice(sorted(numbers), rng.integers(1, _CHANGED + 1), replace=False).tolist():
            value = changed.get(name, numbers[name])
            if isinstance(numbers[name], int):
                changed[name] = int(value) + int(rng.choice([-1, 1]))
            else:
                changed[name] = round(float(value * np.exp(rng.normal(0.0, _STEP))), 3)
        try:
            convert_options(changed, kind, where="options")
        except ConfigInvalid:
            continue
        return changed
