"""Who it is, from what was measured: candidates and rules -> verdict. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import tanh
from typing import Annotated

from msgspec import Meta, field

from reid_core.options import Options
from reid_core.records import FUSED, Evidence, IdentityId, TrackletEmbedding, Verdict
from stream.identity.topology import Topology

Probability = Annotated[float, Meta(ge=0, le=1)]


class Calibration(Options, frozen=True):
    """From a similarity to the probability of one person: 1 / (1 + exp(-slope * (similarity - midpoint)))."""

    slope: Annotated[float, Meta(gt=0, le=1000)] = 20.0  # how sharply the probability rises at the midpoint
    midpoint: Annotated[float, Meta(ge=-1, le=1)] = 0.7  # the similarity at which both are equally likely

    def probability(self, similarity: float) -> float:
        return 0.5 + 0.5 * tanh(self.slope * (similarity - self.midpoint) / 2)  # the same, and never overflows


class CalibrationOf(Calibration, frozen=True, kw_only=True):
    of: str  # a branch, or a model's name, which counts more


class Rules(Options, frozen=True):
    match_probability: Probability = 0.9  # somebody known, from here on
    new_probability: Probability = 0.3  # nobody known, up to here; in between: unsure, a provisional identity
    # How far the best candidate must lead over the next one: the probability that it is the better of the two, less
    # the probability that the next one is. 0: not at all; 0.2: odds of three to two
    margin: Annotated[float, Meta(ge=0, lt=1)] = 0.2
    min_shots: Annotated[int, Meta(ge=0)] = 2  # looked at; a tracklet of fewer is never more than unsure
    min_quality: Probability = 0.05  # nor is one of less quality
    # Weight of each cue, times the reliability that both sides say it has; cues that are missing leave their share to
    # the others. Empty: the fused cue alone
    cue_weights: dict[str, Annotated[float, Meta(ge=0)]] = field(default_factory=dict)
    calibration: Calibration = Calibration()  # of a branch or model that is not named below
    # Of a branch or a model by name; what is listed replaces the default. That of colour lies between the fits to
    # tracks of two real clips (38.6, 0.848), to the same with other exposure and white balance (34.1, 0.829), and to
    # 60 rendered people seen by three cameras (75.5, 0.893)
    calibrations: tuple[CalibrationOf, ...] = (CalibrationOf(of="colour", slope=43.0, midpoint=0.862),)
    topology: Topology = Topology()  # where nobody can be
    exemplars: Annotated[int, Meta(ge=1, le=1024)] = 16  # how many views of one identity and model are kept for search

    def __post_init__(self) -> None:
        if self.new_probability > self.match_probability:
            raise ValueError("expected new_probability to be at most match_probability")

    def calibration_for(self, embedding: TrackletEmbedding) -> Calibration:
        named = {each.of: each for each in self.calibrations}
        return named.get(embedding.model.name) or named.get(embedding.branch) or self.calibration


@dataclass(frozen=True, slots=True)
class CueScore:
    similarity: float
    reliability: float = 1.0  # of both sides together


@dataclass(frozen=True, slots=True)
class Candidate:
    """An identity that it may be, as far as topology says, and how alike they are."""

    identity: IdentityId
    cues: Mapping[str, CueScore]  # FUSED, and what else both sides have


@dataclass(frozen=True, slots=True)
class Decision:
    verdict: Verdict
    identity: IdentityId | None  # of a match
    evidence: Evidence


def decide(embedding: TrackletEmbedding, candidates: Iterable[Candidate], rules: Rules) -> Decision:
    calibration = rules.calibration_for(embedding)
    scored = [(fuse(each.cues, rules.cue_weights), each) for each in candidates]
    ranked = sorted(scored, key=lambda each: (-each[0], each[1].identity))
    score, best = ranked[0] if ranked else (0.0, None)
    probability = calibration.probability(score) if best else 0.0
    margin = tanh(calibration.slope * (score - ranked[1][0]) / 2) if len(ranked) > 1 else None
    enough = embedding.shots >= rules.min_shots and embedding.quality >= rules.min_quality
    leads = margin is None or margin >= rules.margin
    if enough and best and probability >= rules.match_probability and leads:
        verdict = Verdict.MATCH
    elif enough and probability <= rules.new_probability:
        verdict = Verdict.NEW
    else:
        verdict = Verdict.UNSURE
    evidence = Evidence(
        nearest=best.identity if best else None,
        score=score,
        probability=probability,
        threshold=rules.match_probability,
        runner_up=ranked[1][1].identity if len(ranked) > 1 else None,
        margin=margin,
        cues={name: cue.similarity for name, cue in best.cues.items()} if best else {},
        quality=embedding.quality,
        shots=embedding.shots,
    )
    return Decision(verdict, best.identity if best and verdict is Verdict.MATCH else None, evidence)


def fuse(cues: Mapping[str, CueScore], weights: Mapping[str, float]) -> float:
    """One similarity from those of the cues, by weight and reliability; without any of those, the fused cue's."""
    weighed = [(weights[name] * cue.reliability, cue.similarity) for name, cue in cues.items() if name in weights]
    total = sum(weight for weight, _ in weighed)
    if total <= 0.0:
        return cues[FUSED].similarity
    return sum(weight * similarity for weight, similarity in weighed) / total
