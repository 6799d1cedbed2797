"""What an evaluation says: plain records, written as JSON and read back. Shares are from 0 to 1."""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from reid_core.errors import ConfigInvalid
from reid_core.evaluation.open_set import OpenSet

CMC_LENGTH = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One cue of one checkpoint under one setting."""

    setting: str  # as settings.py names it
    rule: str  # what the setting drops, in words
    cue: str = "fused"
    queries: int  # of the setting
    valid_queries: int  # those with a match left; all figures are means over these
    gallery: int  # items of the setting
    persons: int  # identities among the valid queries
    rank1: float
    rank5: float
    rank10: float
    rank20: float
    mean_ap: float
    mean_inp: float
    cmc: tuple[float, ...] = ()  # ranks 1, 2, ...
    open_set: OpenSet | None = None
    note: str = ""  # re-ranked, pessimistic ties, ...


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What was evaluated, and on what: stands on top of every report."""

    system: str  # asgl, mpcf, ...
    data: str
    split: str
    identities: int  # in the split
    queries: int
    gallery: int
    synthetic: bool  # drawn people: says nothing about real ones
    checkpoint: str = ""  # name and hash
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    title: str
    about: About
    results: tuple[Result, ...]


def read_report(path: Path) -> Report:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Report)
    except OSError as error:
        raise ConfigInvalid(f"{path}: cannot read it: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigInvalid(f"{path}: not a report.json of restride-lab evaluate: {error}") from error
