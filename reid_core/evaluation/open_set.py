"""When the right person may not be there at all: verification, watch lists, and honest probabilities.

Scores go up with likeness. A threshold is always set so that the wrong rate is at most what was asked for, and a
score equal to the threshold is refused: with too few impostors for a rate, none at all may pass.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reid_core.errors import DataSetInvalid
from reid_core.evaluation.distances import Distances
from reid_core.evaluation.labels import Integers, Labels, Mask
from reid_core.evaluation.ranking import Pairs, SamePerson, Values
from reid_core.evaluation.settings import Drop

FALSE_MATCH_RATES = (1e-2, 1e-3, 1e-4)
FALSE_ALARM_RATES = (1e-1, 1e-2)
MOST_IMPOSTORS = 20_000_000  # scores kept of pairs of two people; beyond, a random share of them


@dataclass(frozen=True, slots=True)
class AtRate:
    rate: float  # of wrong answers allowed
    share: float  # of right answers kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Are these two the same person?"""

    true_positive: tuple[AtRate, ...]  # TPR at each false match rate
    auc: float  # chance that a genuine pair scores above an impostor pair
    eer: float  # where false matches and false non-matches are equally frequent
    genuine: int  # pairs of one person
    impostors: int  # pairs of two people that were looked at
    impostors_all: int  # pairs of two people that there are


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchList:
    """Who of those enrolled is it, if anyone? Some people are left out of the gallery, and their queries stay."""

    identified: tuple[AtRate, ...]  # DIR (rank 1 and above the threshold) at each false alarm rate
    known: int  # queries of people in the gallery
    unknown: int  # queries of people who are not


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Is it right three times in four when it says .75?"""

    ece: float  # expected calibration error: mean gap between confidence and truth, over equal bins
    brier: float  # mean squared error of the probability
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSet:
    verification: Verification
    watch_list: WatchList | None  # None: too few people to leave any out
    calibration: Calibration | None = None  # None: the system gave no probabilities


def verify(
    genuine: ArrayLike,
    impostor: ArrayLike,
    rates: Sequence[float] = FALSE_MATCH_RATES,
    impostors_all: int | None = None,
) -> Verification:
    same, other = _scores("genuine", genuine), _scores("impostor", impostor)
    same, other = np.sort(same), np.sort(other)
    below, up_to = np.searchsorted(other, same, "left"), np.searchsorted(other, same, "right")
    thresholds = np.unique(np.concatenate([same, other[:: max(1, len(other) // 1_000_000)]]))
    missed = np.searchsorted(same, thresholds, "left") / len(same)
    passed = 1 - np.searchsorted(other, thresholds, "left") / len(other)
    even = np.argmin(np.abs(missed - passed))
    return Verification(
        true_positive=tuple(AtRate(rate, float(np.mean(same > _threshold(other, rate)))) for rate in rates),
        auc=float((below + up_to).mean() / (2 * len(other))),
        eer=float((missed[even] + passed[even]) / 2),
        genuine=len(same),
        impostors=len(other),
        impostors_all=len(other) if impostors_all is None else impostors_all,
    )


def identify(
    known: ArrayLike, right: ArrayLike, unknown: ArrayLike, rates: Sequence[float] = FALSE_ALARM_RATES
) -> WatchList:
    """From the best score of each query, and whether it named the right person."""
    enrolled, strangers = _scores("known", known), np.sort(_scores("unknown", unknown))
    correct = np.asarray(right, dtype=np.bool_)
    if correct.shape != enrolled.shape:
        raise DataSetInvalid(f"open set: {enrolled.shape} scores of known people, {correct.shape} answers")
    shares = (float(np.mean(correct & (enrolled > _threshold(strangers, rate)))) for rate in rates)
    return WatchList(
        identified=tuple(AtRate(rate, share) for rate, share in zip(rates, shares, strict=True)),
        known=len(enrolled),
        unknown=len(strangers),
    )


def calibration(probabilities: ArrayLike, truths: ArrayLike, bins: int = 15) -> Calibration:
    said = _scores("probabilities", probabilities)
    true = np.asarray(truths, dtype=np.float64)
    if true.shape != said.shape or said.min() < 0 or said.max() > 1:
        raise DataSetInvalid(
            f"calibration: expected probabilities from 0 to 1, each with its truth; found {said.min():g} to "
            f"{said.max():g}, {said.shape} with {true.shape}"
        )
    which = np.minimum((said * bins).astype(np.int64), bins - 1)
    gaps = np.bincount(which, weights=said, minlength=bins) - np.bincount(which, weights=true, minlength=bins)
    return Calibration(
        ece=float(np.abs(gaps).sum() / len(said)), brier=float(np.mean((said - true) ** 2)), count=len(said)
    )


def open_set(
    chunks: Iterable[Distances],
    queries: Labels,
    gallery: Labels,
    drop: Drop,
    seed: int = 0,
    most_impostors: int = MOST_IMPOSTORS,
) -> OpenSet:
    """One pass over the rows of the (queries, gallery) distances; half of the people are strangers to the list."""
    rng = np.random.default_rng(seed)
    everybody = np.unique(gallery.persons)
    strangers = rng.permutation(everybody)[: len(everybody) // 2]
    listed = ~np.isin(gallery.persons, strangers)
    is_stranger = ~np.isin(queries.persons, gallery.persons[listed])
    pairs = SamePerson(gallery)
    keep = min(1.0, most_impostors / max(1, len(queries) * len(gallery)))
    genuine: list[Values] = []
    impostor: list[Values] = []
    best, right = np.empty(len(queries)), np.zeros(len(queries), dtype=np.bool_)
    has_mate = np.zeros(len(queries), dtype=np.bool_)
    begin = impostors_all = 0
    for chunk in chunks:
        asking = queries.take(slice(begin, begin + len(chunk)))
        here = slice(begin, begin + len(chunk))
        matches, out = pairs.of(asking, drop)
        genuine.append(-chunk[matches].astype(np.float64))
        others = _others(chunk.shape, matches, out)
        impostors_all += int(np.count_nonzero(others))
        if keep < 1:
            others &= rng.random(chunk.shape, dtype=np.float32) < keep
        impostor.append(-chunk[others].astype(np.float64))
        best[here], right[here] = _best(chunk, out, listed, asking.persons, gallery.persons)
        has_mate[begin + matches[0]] = True
        begin += len(chunk)
    known = has_mate & ~is_stranger
    watch = None
    if known.any() and is_stranger.any() and listed.any():
        watch = identify(best[known], right[known], best[is_stranger])
    return OpenSet(
        verification=verify(np.concatenate(genuine), np.concatenate(impostor), impostors_all=impostors_all),
        watch_list=watch,
    )


def _others(shape: tuple[int, ...], matches: Pairs, out: Pairs) -> Mask:
    others = np.ones(shape, dtype=np.bool_)
    others[matches] = False
    others[out] = False
    return others


def _best(chunk: Distances, out: Pairs, listed: Mask, asking: Integers, persons: Integers) -> tuple[Values, Mask]:
    """Of each row: the best score among those on the list, and whether it is of the right person."""
    allowed = chunk.copy()
    allowed[out] = np.inf
    allowed[:, ~listed] = np.inf
    nearest = allowed.argmin(axis=1)
    return -allowed[np.arange(len(allowed)), nearest].astype(np.float64), persons[nearest] == asking


def _threshold(impostors: NDArray[np.float64], rate: float) -> float:
    """Of sorted scores: the one above which at most this share lies."""
    allowed = min(int(rate * len(impostors) + 1e-9), len(impostors) - 1)  # 0.1 * 30 is 3, not 2.9999
    return float(impostors[len(impostors) - 1 - allowed])


def _scores(name: str, values: ArrayLike) -> Values:
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 1 or not len(found) or np.isnan(found).any():
        raise DataSetInvalid(f"open set: expected {name} scores (N,), none of them NaN; found {found.shape}")
    return found
