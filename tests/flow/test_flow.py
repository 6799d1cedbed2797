"""Two cameras, people who cross from one to the other: the right events come out, through real sockets and stores."""

import json
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from reid_core.records import EventType, IdentityEvent, IdentityId, TrackletId, Verdict
from stream.client import subscribe
from stream.commands.arrivals import Arrivals
from stream.settings import read_settings
from stream.store.open import open_store
from tests.flow.conftest import MakeSite, Site

BEGIN = 1_000_000.0  # when the clips were taken


def recorded(clips: Path) -> list[dict[str, object]]:
    return [
        {
            "name": name,
            "source": {"use": "video", "options": {"url": str(clips / f"{name}.mp4"), "start_time": BEGIN}},
        }
        for name in ("door", "hall")
    ]


def people_of(events: list[IdentityEvent], clips: Path) -> dict[TrackletId, str]:
    """Whose each tracklet is: who was there all the while, and came when its track began."""
    people = json.loads((clips / "truth.json").read_text())["people"]
    stays = [(person["id"], stay) for person in people for stay in person["stays"]]
    began: dict[tuple[str, int], float] = {}
    for event in sorted(events, key=lambda event: event.begin):
        began.setdefault((event.tracklet.camera, event.tracklet.track), event.begin - BEGIN)

    def person_of(event: IdentityEvent) -> str:
        there = [
            (abs(stay["begin"] - began[event.tracklet.camera, event.tracklet.track]), person)
            for person, stay in stays
            if stay["camera"] == event.tracklet.camera
            and stay["begin"] - 0.2 <= event.begin - BEGIN
            and event.end - BEGIN <= stay["end"] + 0.2
        ]
        return str(min(there)[1])

    return {event.tracklet: person_of(event) for event in events}


def watch(site: Site) -> list[IdentityEvent]:
    """The events of a whole run, as a subscriber gets them."""
    link = read_settings(site.config).link
    identity = site.start("identity", str(site.config))
    try:
        subscription = subscribe(link.events, link.replay, since=0, connect_seconds=20)
        with subscription, Arrivals(subscription) as arrivals:
            worker = site.run("worker", str(site.config))
            events = list(arrivals.until_quiet(2.5))
    finally:
        identity.terminate()
        _, errors = identity.communicate(timeout=20)
    assert "Traceback" not in errors + worker.stderr
    assert (identity.returncode, worker.returncode) == (0, 0), errors + worker.stderr
    return events


def check(events: list[IdentityEvent], site: Site, clips: Path, stays: set[tuple[str, str]]) -> None:
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert not [tracklet for tracklet, count in Counter(event.tracklet for event in events).items() if count > 1]
    person = people_of(events, clips)
    seen = {(person[event.tracklet], str(event.tracklet.camera)) for event in events}
    assert seen == stays, "everybody is seen, each where they were"
    owners: dict[IdentityId, set[str]] = {}
    for event in sorted(events, key=lambda event: event.sequence):
        owners.setdefault(event.identity, set()).add(person[event.tracklet])
    assert all(len(persons) == 1 for persons in owners.values()), "no two people are taken for one"
    cameras = Counter(each for each, _ in stays)
    crossing = {each for each, count in cameras.items() if count > 1}
    matched = {person[event.tracklet] for event in events if event.type is EventType.MATCHED}
    unsure = {person[event.tracklet] for event in events if event.verdict is Verdict.UNSURE}
    assert matched <= crossing, "who comes by once is matched to nobody"
    assert crossing <= matched | unsure, "who comes by again is known again, or it is said that one cannot tell"
    assert len(matched) >= 2
    settings = read_settings(site.config)
    with closing(open_store(settings.store, settings.namespace)) as store:
        assert store.events(0, 1000) == events
        assert {each.identity for each in store.identities()} == set(owners)


def test_on_sqlite(make_site: MakeSite, clips: Path, stays: set[tuple[str, str]]) -> None:
    site = make_site(cameras=recorded(clips))
    check(watch(site), site, clips, stays)


def test_on_redis(make_site: MakeSite, clips: Path, stays: set[tuple[str, str]], redis_url: str) -> None:
    site = make_site(cameras=recorded(clips), store=redis_url)
    check(watch(site), site, clips, stays)


@pytest.mark.slow
def test_the_demo_detector_finds_them_too(make_site: MakeSite, clips: Path, stays: set[tuple[str, str]]) -> None:
    site = make_site(cameras=recorded(clips), detector={"use": "hog"})
    check(watch(site), site, clips, stays)
