"""Events in words, and a run in one line."""

from dataclasses import replace
from pathlib import Path

import pytest

from reid_core.records import EventType, IdentityEvent, IdentityId, Verdict
from stream.commands.lines import Narrator
from stream.commands.replay import camera_name
from stream.commands.summary import Summary
from tests.stream.sightings import START, embedding, event

ME, OTHER = IdentityId("P-1"), IdentityId("P-2")


def told(
    track: int, kind: EventType, *, camera: str = "door", begin: float = START, nearest: IdentityId | None = None
) -> IdentityEvent:
    made = event(embedding(track, camera=camera, begin=begin, seconds=2.0))
    verdict = Verdict.NEW if kind is EventType.CREATED else Verdict.MATCH
    evidence = replace(made.evidence, nearest=nearest, probability=0.934)
    return replace(made, type=kind, verdict=verdict, evidence=evidence)


def test_the_first_person_has_nobody_to_be_compared_with() -> None:
    line = Narrator().tell(told(1, EventType.CREATED))
    assert (line.camera, line.identity, line.what) == ("door", "P-1", "new")
    assert line.detail == "nobody to compare with"


def test_somebody_new_is_told_with_whom_they_are_most_alike() -> None:
    assert Narrator().tell(told(1, EventType.CREATED, nearest=OTHER)).detail == "nearest P-2 at 0.93"


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        (-1.0, "last on door at the same time"),
        (6.4, "last on door 6 s before"),
        (300.0, "last on door 5 min before"),
        (7200.0, "last on door 2.0 h before"),
    ],
)
def test_a_match_is_told_with_where_the_person_was_last(gap: float, words: str) -> None:
    narrator = Narrator()
    narrator.tell(told(1, EventType.CREATED))
    match = told(2, EventType.MATCHED, camera="hall", begin=START + 2.0 + gap, nearest=ME)
    line = narrator.tell(match)
    assert (line.what, line.detail) == ("match", f"{words}, probability 0.93")
    assert words in str(line)


def test_a_match_whose_first_sighting_was_missed_is_told_without_it() -> None:
    assert Narrator().tell(told(2, EventType.MATCHED, nearest=ME)).detail == "probability 0.93"


def test_unsure_is_said() -> None:
    unsure = replace(told(1, EventType.CREATED, nearest=OTHER), verdict=Verdict.UNSURE)
    line = Narrator().tell(unsure)
    assert (line.what, line.detail) == ("unsure", "nearest P-2 at 0.93")


def test_a_run_in_one_line() -> None:
    summary = Summary()
    assert str(summary) == "nobody was seen"
    for track, kind, delay in [(1, EventType.CREATED, 1.0), (1, EventType.SEEN, 2.0), (2, EventType.MATCHED, 9.0)]:
        made = told(track, kind)
        summary.add(replace(made, time=made.end + delay))
    assert str(summary) == (
        "2 tracks of people seen, 1 identity, 1 match (0 unsure); "
        "from a tracklet's last capture to its event: median 2.00 s, p95 9.00 s"
    )


def test_a_track_that_stays_unsure_is_counted_once() -> None:
    summary = Summary()
    unsure = replace(told(1, EventType.SEEN), verdict=Verdict.UNSURE)
    for each in (unsure, unsure, told(2, EventType.CREATED)):
        summary.add(each)
    assert "(1 unsure)" in str(summary)
    summary.add(told(1, EventType.CONFIRMED))
    assert "(0 unsure)" in str(summary)


def test_a_replay_has_no_delay() -> None:
    summary = Summary(delays=False)
    made = told(1, EventType.CREATED)
    summary.add(replace(made, time=made.end + 3.0))
    assert str(summary) == "1 track of people seen, 1 identity, 0 matches (0 unsure)"


@pytest.mark.parametrize(
    ("clip", "camera"),
    [
        ("door.mp4", "door"),
        ("my clip (2).mp4", "my-clip-2"),
        ("küche/", "k-che"),
        ("läßt.mp4", "l-t"),
        ("日.mp4", "clip"),
    ],
)
def test_a_clip_makes_a_name_that_a_camera_may_have(clip: str, camera: str) -> None:
    assert camera_name(Path(clip)) == camera


@pytest.mark.parametrize("delay", [-3.0, 1e6])
def test_a_recording_has_no_delay(delay: float) -> None:
    summary = Summary()
    made = told(1, EventType.CREATED)
    summary.add(replace(made, time=made.end + delay))
    assert str(summary) == "1 track of people seen, 1 identity, 0 matches (0 unsure)"
