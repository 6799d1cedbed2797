"""Whoever it is, once: matched, created, confirmed, seen; with several services on one store."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reid_core.errors import RecordInvalid, StoreMoved, StoreUnavailable
from reid_core.protocols import Store
from reid_core.records import (
    EventType,
    IdentityEvent,
    IdentityId,
    IdentityState,
    ModelId,
    TrackletEmbedding,
    Verdict,
)
from stream.identity.decide import Rules
from stream.identity.gallery import Gallery
from stream.identity.service import ATTEMPTS, IdentityService, fresh_identity
from stream.identity.topology import Topology, Travel
from stream.metrics import Metrics
from stream.store.open import open_store
from tests.fakes.store import MemoryStore
from tests.stream.identity_handler import handle_all
from tests.stream.sightings import START, between, embedding, unit

ROOT = Path(__file__).parents[2]
ME, OTHER = unit(1), unit(2)


def like_me(similarity: float, track: int, part: int = 0, **more: float | str) -> TrackletEmbedding:
    """Of another time for each track, unless told; the default rules: .58 is new, .7 unsure, .95 a match."""
    begin = float(more.get("begin", START + 100 * track + 4 * part))
    camera = str(more.get("camera", "door"))
    vector = between(ME, OTHER, similarity)
    return embedding(track, part, vector=vector, begin=begin, seconds=3.5, camera=camera)


def service_on(store: Store, rules: Rules | None = None, metrics: Metrics | None = None) -> IdentityService:
    return IdentityService(store, rules or Rules(), clock=lambda: START, metrics=metrics, source="restride/site")


def kinds(event: IdentityEvent) -> tuple[EventType, IdentityState, Verdict]:
    return event.type, event.state, event.verdict


def test_the_first_person() -> None:
    event = service_on(MemoryStore("log")).handle(like_me(1.0, 1))
    assert kinds(event) == (EventType.CREATED, IdentityState.CONFIRMED, Verdict.NEW)
    assert re.fullmatch(r"P-[0-9A-Z]{10}", event.identity)
    assert (event.source, event.epoch, event.sequence, event.gallery_version) == ("restride/site", "log", 1, 0)
    assert event.time == START


@pytest.mark.parametrize(
    ("similarity", "expected"),
    [
        (0.95, (EventType.MATCHED, IdentityState.CONFIRMED, Verdict.MATCH)),
        (0.7, (EventType.CREATED, IdentityState.PROVISIONAL, Verdict.UNSURE)),
        (0.2, (EventType.CREATED, IdentityState.CONFIRMED, Verdict.NEW)),
    ],
)
def test_the_second_person(similarity: float, expected: tuple[EventType, IdentityState, Verdict]) -> None:
    service = service_on(MemoryStore())
    first = service.handle(like_me(1.0, 1))
    second = service.handle(like_me(similarity, 2))
    assert kinds(second) == expected
    assert (second.identity == first.identity) is (second.type is EventType.MATCHED)
    assert second.evidence.score == pytest.approx(similarity, abs=1e-5)
    assert (second.gallery_version, second.sequence) == (1, 2)


def test_a_tracklet_that_came_before_gets_its_first_event() -> None:
    store, metrics = MemoryStore(), Metrics()
    service = service_on(store, metrics=metrics)
    first = service.handle(like_me(1.0, 1))
    assert service.handle(like_me(0.1, 1)) == first
    assert service_on(store).handle(like_me(1.0, 1)) == first
    assert store.version() == 1
    assert metrics.get("identity_tracklets_known") == 1
    assert metrics.get("identity_events", type="reid.identity.created") == 1


def test_later_pieces_keep_the_identity() -> None:
    service = service_on(MemoryStore())
    first = service.handle(like_me(1.0, 1))
    seen = service.handle(like_me(0.1, 1, 1))  # however it looks
    assert kinds(seen) == (EventType.SEEN, IdentityState.CONFIRMED, Verdict.MATCH)
    assert seen.identity == first.identity
    assert seen.evidence.score == pytest.approx(0.1, abs=1e-5)


def test_pieces_out_of_order_are_one_track() -> None:
    service = service_on(MemoryStore())
    events = [service.handle(like_me(1.0, 1, part)) for part in (5, 0, 3)]
    assert [each.type for each in events] == [EventType.CREATED, EventType.SEEN, EventType.SEEN]
    assert len({each.identity for each in events}) == 1


def test_more_evidence_confirms_a_provisional_identity() -> None:
    service = service_on(MemoryStore())
    service.handle(like_me(1.0, 1))
    first = service.handle(like_me(0.7, 2))
    still = service.handle(like_me(0.72, 2, 1))
    assert kinds(still) == (EventType.SEEN, IdentityState.PROVISIONAL, Verdict.UNSURE)
    now = service.handle(like_me(0.2, 2, 2))
    assert kinds(now) == (EventType.CONFIRMED, IdentityState.CONFIRMED, Verdict.NEW)
    after = service.handle(like_me(0.7, 2, 3))
    assert kinds(after) == (EventType.SEEN, IdentityState.CONFIRMED, Verdict.MATCH)
    assert len({each.identity for each in (first, still, now, after)}) == 1


def test_a_provisional_identity_that_now_looks_like_somebody_stays_provisional() -> None:
    service = service_on(MemoryStore())
    first = service.handle(like_me(1.0, 1))
    unsure = service.handle(like_me(0.7, 2))
    later = service.handle(like_me(0.99, 2, 1))
    assert kinds(later) == (EventType.SEEN, IdentityState.PROVISIONAL, Verdict.UNSURE)
    assert later.identity == unsure.identity != first.identity


def test_a_match_of_a_provisional_identity_and_of_nobody_else_confirms_it() -> None:
    service = service_on(MemoryStore())
    poor = embedding(1, vector=ME, shots=1, begin=START)
    assert service.handle(poor).state is IdentityState.PROVISIONAL
    match = service.handle(like_me(0.95, 2))
    assert kinds(match) == (EventType.MATCHED, IdentityState.CONFIRMED, Verdict.MATCH)


def test_two_people_in_one_view_are_two() -> None:
    service = service_on(MemoryStore())
    first = service.handle(like_me(1.0, 1, begin=START))
    twin = service.handle(like_me(1.0, 2, begin=START + 1))
    assert twin.identity != first.identity
    assert twin.type is EventType.CREATED


def test_nobody_is_sooner_there_than_the_way_takes() -> None:
    way = Travel(origin="door", destination="yard", at_least_seconds=30)
    service = service_on(MemoryStore(), Rules(topology=Topology(travel=(way,))))
    first = service.handle(like_me(1.0, 1, begin=START))
    soon = service.handle(like_me(1.0, 2, begin=START + 10, camera="yard"))
    assert soon.identity != first.identity
    service.handle(like_me(0.1, 3, begin=START - 500, camera="yard"))  # late: nothing breaks


def test_a_service_goes_on_where_the_last_one_stopped() -> None:
    store = MemoryStore()
    first = service_on(store).handle(like_me(1.0, 1))
    again = service_on(store)
    assert again.handle(like_me(1.0, 1, 1)).identity == first.identity
    assert again.handle(like_me(0.95, 2)).identity == first.identity


def test_two_services_see_each_others_people() -> None:
    store = MemoryStore()
    one, two = service_on(store), service_on(store)
    first = one.handle(like_me(1.0, 1))
    assert two.handle(like_me(0.95, 2)).identity == first.identity
    assert one.handle(like_me(0.95, 2, 1)).identity == first.identity


def test_a_changed_model_under_its_old_name_is_refused() -> None:
    store = MemoryStore()
    service = service_on(store)
    service.handle(embedding(1))
    with pytest.raises(RecordInvalid, match="its own version"):
        service.handle(embedding(2, vector=unit(1, 8)))
    assert store.version() == 1
    service.handle(embedding(2, vector=unit(1, 8), model=ModelId("net", "2", "none")))


class OvertakenStore(MemoryStore):
    """Another service is faster, `times` times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def commit(self, embedding: TrackletEmbedding, event: IdentityEvent, expected_version: int) -> IdentityEvent:
        if self.times:
            self.times -= 1
            raise StoreMoved("gallery at another version")
        return super().commit(embedding, event, expected_version)


def test_overtaken_services_try_again_but_not_for_ever() -> None:
    metrics = Metrics()
    assert service_on(OvertakenStore(5), metrics=metrics).handle(like_me(1.0, 1)).sequence == 1
    assert metrics.get("identity_conflicts") == 5
    with pytest.raises(StoreUnavailable, match=r"door/boot/1/0: .* send it again"):
        service_on(OvertakenStore(ATTEMPTS)).handle(like_me(1.0, 1))


def test_a_store_that_is_away_loses_nothing() -> None:
    store = MemoryStore()
    service = service_on(store)
    service.handle(like_me(1.0, 1))
    store.away = True
    with pytest.raises(StoreUnavailable):
        service.handle(like_me(0.95, 2))
    store.away = False
    assert service.handle(like_me(0.95, 2)).type is EventType.MATCHED
    assert store.version() == 2


def test_a_fresh_identity_is_none_of_the_gallery() -> None:
    assert fresh_identity(Gallery(Rules())) != fresh_identity(Gallery(Rules()))

    class Full:
        """Has the first three that it is asked for."""

        asked = 0

        def __contains__(self, _: object) -> bool:
            self.asked += 1
            return self.asked <= 3

    full = Full()
    assert fresh_identity(full).startswith("P-")
    assert full.asked == 4


@pytest.fixture(params=["sqlite", "redis"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "redis":
        return str(request.getfixturevalue("redis_url"))
    return f"sqlite:///{tmp_path / 'identities.db'}"


def four_threads(address: str, tracks: int, parts: int) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda seed: handle_all(address, tracks, parts, seed), range(4)))


def four_processes(address: str, tracks: int, parts: int) -> None:
    command = [sys.executable, "-m", "tests.stream.identity_handler", address, str(tracks), str(parts)]
    processes = [subprocess.Popen([*command, str(seed)], cwd=ROOT) for seed in range(4)]
    assert [each.wait() for each in processes] == [0] * 4


@pytest.mark.parametrize("run", [four_threads, four_processes])
def test_four_services_make_one_identity_of_one_person(address: str, run: Callable[[str, int, int], None]) -> None:
    # Ten people, each seen on two tracks of three pieces; every service gets every tracklet, in its own order
    run(address, 20, 3)
    store = open_store(address, "site")
    events = store.events(0, 1000)
    assert [each.sequence for each in events] == list(range(1, 61))
    assert len({each.tracklet for each in events}) == 60
    people: dict[int, set[IdentityId]] = {}
    for each in events:
        people.setdefault(each.tracklet.track // 2, set()).add(each.identity)
    assert all(len(identities) == 1 for identities in people.values())
    assert len(set.union(*people.values())) == len(store.identities()) == 10
    assert Counter(each.type for each in events) == {
        EventType.CREATED: 10,
        EventType.MATCHED: 10,
        EventType.SEEN: 40,
    }
    store.close()
