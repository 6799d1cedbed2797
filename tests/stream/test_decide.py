"""Verdicts by table, and what holds for any candidates at all."""

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reid_core.errors import ConfigInvalid
from reid_core.options import convert_options, read_options
from reid_core.records import FUSED, IdentityId, TrackletEmbedding, Verdict
from stream.identity.decide import Calibration, CalibrationOf, Candidate, CueScore, Rules, decide, fuse
from stream.identity.topology import Presence, Topology, Travel, possible
from tests.stream.sightings import embedding

RULES = Rules(calibration=Calibration(slope=20, midpoint=0.7))


def candidate(identity: str, similarity: float, **others: CueScore) -> Candidate:
    return Candidate(IdentityId(identity), {FUSED: CueScore(similarity), **others})


# Probabilities at slope 20, midpoint .7: .58 -> .08, .65 -> .27, .7 -> .5, .8 -> .88, .82 -> .92, .95 -> .99
@pytest.mark.parametrize(
    ("similarities", "verdict"),
    [
        ([], Verdict.NEW),
        ([0.58], Verdict.NEW),
        ([-1.0], Verdict.NEW),
        ([0.65], Verdict.NEW),
        ([0.7], Verdict.UNSURE),
        ([0.8], Verdict.UNSURE),
        ([0.82], Verdict.MATCH),
        ([1.0], Verdict.MATCH),
        ([0.95, 0.94], Verdict.UNSURE),  # two that are both very like it
        ([0.95, 0.9], Verdict.MATCH),
        ([0.3, 0.95, 0.5], Verdict.MATCH),
        ([0.5, 0.75, 0.5], Verdict.UNSURE),
        ([0.6, 0.6], Verdict.NEW),
    ],
)
def test_verdicts(similarities: list[float], verdict: Verdict) -> None:
    candidates = [candidate(f"P-{number}", each) for number, each in enumerate(similarities)]
    decision = decide(embedding(), candidates, RULES)
    assert decision.verdict is verdict
    best = f"P-{similarities.index(max(similarities))}" if verdict is Verdict.MATCH else None
    assert decision.identity == best


@pytest.mark.parametrize("similarity", [0.1, 0.7, 0.99])
@pytest.mark.parametrize("poor", [embedding(shots=1), embedding(quality=0.01)])
def test_too_little_evidence_is_never_more_than_unsure(similarity: float, poor: TrackletEmbedding) -> None:
    assert decide(poor, [candidate("P-1", similarity)], RULES).verdict is Verdict.UNSURE
    assert decide(poor, [], RULES).verdict is Verdict.UNSURE


def test_evidence_says_why() -> None:
    candidates = [candidate("P-2", 0.75), candidate("P-1", 0.9, gait=CueScore(0.5, 0.2))]
    evidence = decide(embedding(shots=9, quality=0.5), candidates, RULES).evidence
    assert evidence.score == 0.9
    assert evidence.probability == pytest.approx(0.982, abs=1e-3)
    assert evidence.threshold == 0.9
    assert evidence.runner_up == "P-2"
    assert evidence.margin == pytest.approx(0.905, abs=1e-3)  # odds of 20 to 1
    assert evidence.cues == {FUSED: 0.9, "gait": 0.5}
    assert (evidence.shots, evidence.quality) == (9, 0.5)
    alone = decide(embedding(), [], RULES).evidence
    assert (alone.score, alone.probability, alone.runner_up, alone.margin) == (0.0, 0.0, None, None)


@pytest.mark.parametrize(
    ("cues", "weights", "score"),
    [
        ({FUSED: CueScore(0.8)}, {}, 0.8),
        ({FUSED: CueScore(0.8, 0.0)}, {}, 0.8),
        ({FUSED: CueScore(0.8), "gait": CueScore(0.2)}, {}, 0.8),
        ({FUSED: CueScore(0.8), "gait": CueScore(0.2)}, {"fused": 1.0, "gait": 1.0}, 0.5),
        ({FUSED: CueScore(0.8), "gait": CueScore(0.2)}, {"fused": 3.0, "gait": 1.0}, 0.65),
        ({FUSED: CueScore(0.8), "gait": CueScore(0.2, 0.0)}, {"fused": 1.0, "gait": 1.0}, 0.8),  # says nothing
        ({FUSED: CueScore(0.8), "gait": CueScore(0.2, 0.5)}, {"fused": 1.0, "gait": 2.0}, 0.5),
        ({FUSED: CueScore(0.8)}, {"fused": 1.0, "gait": 9.0}, 0.8),  # missing: its share goes to the others
        ({FUSED: CueScore(0.8)}, {"gait": 1.0}, 0.8),  # nothing left of those wanted
        ({FUSED: CueScore(0.8), "gait": CueScore(0.2, 0.0)}, {"gait": 1.0}, 0.8),
    ],
)
def test_cues_weigh_by_weight_and_reliability(
    cues: dict[str, CueScore], weights: dict[str, float], score: float
) -> None:
    assert fuse(cues, weights) == pytest.approx(score)


@pytest.mark.parametrize(
    ("names", "slope"), [(("net", "image"), 2), (("image", "net"), 3), (("image", "else"), 2), (("else",), 1), ((), 1)]
)
def test_calibration_by_model_then_branch_then_default(names: tuple[str, ...], slope: float) -> None:
    calibrations = tuple(CalibrationOf(of=name, slope=2 + number) for number, name in enumerate(names))
    rules = Rules(calibration=Calibration(slope=1), calibrations=calibrations)
    assert rules.calibration_for(embedding()).slope == slope  # branch image, model net


def test_calibration_is_a_logistic_and_never_overflows() -> None:
    steep = Calibration(slope=1000, midpoint=0.5)
    assert steep.probability(0.5) == 0.5
    assert steep.probability(-1.0) == 0.0
    assert steep.probability(1.0) == 1.0
    assert Calibration(slope=20, midpoint=0.7).probability(0.8) == pytest.approx(0.8808, abs=1e-4)


similarities = st.lists(st.floats(-1, 1), max_size=6)


@given(similarities)
def test_the_order_of_candidates_does_not_matter(values: list[float]) -> None:
    candidates = [candidate(f"P-{number}", each) for number, each in enumerate(values)]
    decisions = [
        decide(embedding(), order, RULES) for order in itertools.islice(itertools.permutations(candidates), 24)
    ]
    assert all(each == decisions[0] for each in decisions)


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(0.1, 1000), st.floats(-1, 1))
def test_more_alike_is_never_less_probable(a: float, b: float, slope: float, midpoint: float) -> None:
    rules = Rules(calibration=Calibration(slope=slope, midpoint=midpoint))
    low, high = (decide(embedding(), [candidate("P-1", each)], rules).evidence.probability for each in sorted((a, b)))
    assert 0.0 <= low <= high <= 1.0


@given(similarities, st.floats(-1, 1))
def test_another_candidate_never_makes_a_match_of_a_worse_one(values: list[float], more: float) -> None:
    candidates = [candidate(f"P-{number}", each) for number, each in enumerate(values)]
    decision = decide(embedding(), [*candidates, candidate("P-x", more)], RULES)
    if decision.identity is not None:
        chosen = dict(zip((each.identity for each in candidates), values, strict=True)).get(decision.identity, more)
        assert chosen == max([*values, more])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("match_probability: 90", "match_probability: expected a number <= 1.0, found 90"),
        ("match_probability: 0.2", "expected new_probability to be at most match_probability"),
        ("margin: 1", "margin: expected a number < 1.0, found 1"),
        ("min_shots: -1", "min_shots: expected a"),
        ("exemplars: 0", "exemplars: expected a"),
        ("cue_weights: {gait: -1}", "cue_weights[gait]: expected a number >= 0.0"),
        ("calibrations: [{slope: 3}]", "calibrations[0]: the key 'of' is missing"),
        ("topology: {overlapping: [[door]]}", "topology.overlapping[0]: expected a list of length 2"),
        ("topology: {travel: [{from: a}]}", "topology.travel[0]: the key 'to' is missing"),
        ("match_probabilty: 0.9", "did you mean 'match_probability'?"),
        (
            "topology: {travel: [{from: a, to: b, at_least_seconds: 9, at_most_seconds: 2}]}",
            "topology.travel[0]: expected at_least_seconds to be at most at_most_seconds",
        ),
    ],
)
def test_rules_that_cannot_be(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    with pytest.raises(ConfigInvalid) as error:
        read_options(path, Rules)
    assert message in str(error.value)


def test_rules_from_yaml() -> None:
    raw = {
        "calibrations": [{"of": "net", "slope": 12, "midpoint": 0.6}],
        "topology": {"overlapping": [["a", "b"]], "travel": [{"from": "a", "to": "c", "at_least_seconds": 5}]},
    }
    rules = convert_options(raw, Rules, "here")
    assert rules.calibration_for(embedding()).midpoint == 0.6
    assert rules.topology.travel == (Travel(origin="a", destination="c", at_least_seconds=5.0),)


TOPOLOGY = Topology(
    overlapping=(("north", "south"),),
    travel=(Travel(origin="door", destination="yard", at_least_seconds=10, at_most_seconds=60),),
    clock_tolerance_seconds=0.5,
)


# Was at the others, may it be at the first?
@pytest.mark.parametrize(
    ("here", "others", "expected"),
    [
        (("door", 0, 4), [], True),
        # The same camera
        (("door", 10, 14), [("door", 0, 4)], True),
        (("door", 3, 7), [("door", 0, 4)], False),
        (("door", 4, 7), [("door", 0, 4)], False),  # both in the frame at 4
        (("door", 4, 4), [("door", 4, 4)], False),
        (("door", 0, 9), [("door", 3, 4)], False),
        (("door", 3, 4), [("door", 0, 9)], False),
        # Another camera
        (("lift", 3, 7), [("door", 0, 4)], False),
        (("lift", 3.6, 7), [("door", 0, 4)], True),  # the clocks may differ
        (("south", 3, 7), [("north", 0, 4)], True),
        (("north", 3, 7), [("south", 0, 4)], True),  # declared once, for both
        (("south", 3, 7), [("south", 0, 4)], False),
        (("south", 3, 7), [("north", 0, 4), ("lift", 5, 6)], False),
        # The way there
        (("yard", 9, 12), [("door", 0, 4)], False),
        (("yard", 14, 20), [("door", 0, 4)], True),
        (("yard", 13.6, 20), [("door", 0, 4)], True),  # the clocks may differ
        (("door", 9, 12), [("yard", 0, 4)], True),  # the way back is another one
        (("door", 0, 4), [("yard", 9, 12)], False),  # told late
        (("yard", 65, 70), [("door", 0, 4)], False),
        (("yard", 64, 70), [("door", 0, 4)], True),
        (("yard", 500, 510), [("door", 0, 4), ("lift", 100, 110)], True),  # not straight from the door
        (("yard", 500, 510), [("lift", 0, 4), ("door", 100, 110)], False),
        (("door", 0, 4), [("yard", 500, 510)], False),  # told late
        (("door", 0, 4), [("yard", 500, 510), ("lift", 100, 110)], True),
        (("yard", 9, 12), [("door", 0, 4), ("lift", 6, 7)], False),  # no detour makes the way shorter
    ],
)
def test_possible(here: tuple[str, float, float], others: list[tuple[str, float, float]], expected: bool) -> None:
    assert possible(Presence(*here), [Presence(*each) for each in others], TOPOLOGY) is expected


presences = st.builds(
    lambda camera, begin, seconds: Presence(camera, begin, begin + seconds),
    st.sampled_from(["door", "yard", "north", "south"]),
    st.integers(0, 100).map(float),
    st.integers(0, 10).map(float),
)


@given(presences, st.lists(presences, max_size=5))
def test_the_order_of_presences_does_not_matter(here: Presence, others: list[Presence]) -> None:
    answers = {possible(here, order, TOPOLOGY) for order in itertools.islice(itertools.permutations(others), 24)}
    assert len(answers) == 1


@given(presences, st.lists(presences, max_size=5))
def test_nobody_is_twice_in_one_view(here: Presence, others: list[Presence]) -> None:
    together = any(each.camera == here.camera and each.begin <= here.end and here.begin <= each.end for each in others)
    assert not (together and possible(here, others, TOPOLOGY))


@given(presences, presences)
def test_who_comes_first_does_not_matter(a: Presence, b: Presence) -> None:
    assert possible(a, [b], TOPOLOGY) == possible(b, [a], TOPOLOGY)
