"""How good a system is on people held out of the training: what the best checkpoint is chosen by."""

from dataclasses import dataclass

from torch import nn

from reid_core.data.feed import Feed
from reid_core.data.samples import DataSet
from reid_core.errors import DataSetInvalid
from reid_core.evaluation.features import Pass, embed
from reid_core.evaluation.results import Result
from reid_core.evaluation.retrieve import evaluate
from reid_core.evaluation.settings import settings_of
from reid_core.records import FUSED


@dataclass(frozen=True, slots=True)
class Score:
    setting: str
    valid_queries: int
    mean_ap: float
    rank1: float


def validated(system: nn.Module, feed: Feed, data: DataSet, how: Pass) -> Score:
    """By the first of the data set's settings that finds a query with a match; the clothes-changing one comes first."""
    query, gallery = (embed(system, feed, split, how).cues[FUSED] for split in (data.query, data.gallery))
    faults: list[str] = []
    for setting in settings_of(data.settings[0]):
        try:
            result: Result = evaluate(query, gallery, setting)
        except DataSetInvalid as error:
            faults.append(str(error))
            continue
        return Score(setting.name, result.valid_queries, result.mean_ap, result.rank1)
    raise DataSetInvalid(
        f"{data.name}: validation: {faults[0]}; raise data.validation, or set it to 0 and take the last checkpoint"
    )
