"""What every store promises: in memory, in a file, in Redis."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from reid_core.errors import StoreMoved
from reid_core.protocols import Store
from reid_core.records import FUSED, Cue, IdentityState, TrackletEmbedding
from stream.store.open import open_store
from tests.contract.store_writer import write
from tests.fakes.store import MemoryStore
from tests.stream.sightings import embedding, event, unit

ROOT = Path(__file__).parents[2]
Opener = Callable[[str], Store]  # a namespace -> the store, opened once more


@pytest.fixture(params=["sqlite", "redis"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "redis":
        return str(request.getfixturevalue("redis_url"))
    return f"sqlite:///{tmp_path / 'identities.db'}"


@pytest.fixture(params=["memory", "sqlite", "redis"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened: Store
    if request.param == "memory":
        opened = MemoryStore()
    elif request.param == "redis":
        opened = open_store(request.getfixturevalue("redis_url"), "site")
    else:
        opened = open_store(f"sqlite:///{tmp_path / 'identities.db'}", "site")
    yield opened
    opened.close()


def commit(store: Store, piece: TrackletEmbedding, identity: str = "P-1") -> None:
    store.commit(piece, event(piece, identity), store.version())


def check_whole(store: Store) -> int:
    """No number left out, each sighting with its event and counted once; how many there are."""
    sightings, events = store.sightings(0, 10_000), store.events(0, 10_000)
    assert [each.version for each in sightings] == list(range(1, store.version() + 1))
    assert [each.sequence for each in events] == list(range(1, store.last_sequence() + 1))
    assert [each.embedding.tracklet for each in sightings] == [each.tracklet for each in events]
    assert len({each.tracklet for each in events}) == len(events)
    assert sum(each.sightings for each in store.identities()) == len(sightings)
    assert all(store.find(each.tracklet) == each for each in events)
    return len(events)


def test_empty(store: Store) -> None:
    assert store.version() == store.last_sequence() == 0
    assert not store.sightings(0, 10)
    assert not store.events(0, 10)
    assert not store.identities()
    assert store.find(embedding().tracklet) is None
    assert store.epoch


def test_a_commit_is_read_back_as_it_was(store: Store) -> None:
    cues = {"gait": Cue(unit(5, 7), 0.25)}
    piece = embedding(3, 2, camera="Tür-β", cues=cues)
    logged = store.commit(piece, event(piece, "P-ÄÖ💡"), 0)
    assert (logged.epoch, logged.sequence) == (store.epoch, 1)
    assert logged.id == f"{store.epoch}-1"
    assert store.find(piece.tracklet) == logged
    assert store.events(0, 10) == [logged]
    [sighting] = store.sightings(0, 10)
    assert (sighting.version, sighting.identity, sighting.state) == (1, "P-ÄÖ💡", IdentityState.CONFIRMED)
    found = sighting.embedding
    assert (found.tracklet, found.begin, found.end, found.model) == (
        piece.tracklet,
        piece.begin,
        piece.end,
        piece.model,
    )
    assert (found.branch, found.quality, found.shots) == (piece.branch, piece.quality, piece.shots)
    assert set(found.cues) == {FUSED, "gait"}
    np.testing.assert_array_equal(found.fused, piece.fused)
    np.testing.assert_array_equal(found.cues["gait"].vector, cues["gait"].vector)
    assert found.cues["gait"].reliability == 0.25


def test_a_tracklet_counts_once(store: Store) -> None:
    piece = embedding()
    first = store.commit(piece, event(piece, "P-1"), 0)
    # Whatever the second one says, at whatever version
    assert store.commit(piece, event(piece, "P-2"), 0) == first
    assert store.commit(piece, event(piece, "P-2"), 1) == first
    assert check_whole(store) == 1


@pytest.mark.parametrize("expected", [0, 2, -1])
def test_a_gallery_that_moved_is_left_as_it_is(store: Store, expected: int) -> None:
    commit(store, embedding(1))
    late = embedding(2)
    with pytest.raises(StoreMoved, match=f"at version 1, expected {expected}"):
        store.commit(late, event(late, "P-9"), expected)
    assert store.find(late.tracklet) is None
    assert [each.identity for each in store.identities()] == ["P-1"]
    assert check_whole(store) == 1


def test_pages(store: Store) -> None:
    for track in range(7):
        commit(store, embedding(track))
    assert [each.version for each in store.sightings(0, 3)] == [1, 2, 3]
    assert [each.version for each in store.sightings(5, 3)] == [6, 7]
    assert [each.sequence for each in store.events(3, 2)] == [4, 5]
    assert not store.sightings(7, 3)
    assert not store.events(9, 3)


def test_identities(store: Store) -> None:
    first = embedding(1, camera="hall", begin=100.5)
    store.commit(first, event(first, "P-1", IdentityState.PROVISIONAL), 0)
    commit(store, embedding(2, camera="door", begin=50.125), "P-1")  # out of order
    commit(store, embedding(3, camera="hall", begin=1_700_000_000.123456), "P-2")
    one, two = sorted(store.identities(), key=lambda each: each.identity)
    assert (one.identity, one.state, one.sightings) == ("P-1", IdentityState.CONFIRMED, 2)
    assert (one.first_seen, one.last_seen, one.cameras) == (50.125, 104.5, ("door", "hall"))
    assert (two.sightings, two.first_seen, two.cameras) == (1, 1_700_000_000.123456, ("hall",))


def test_four_threads_leave_no_gap(store: Store) -> None:
    def write_some(writer: int) -> None:
        for number in range(25):
            piece = embedding(number, camera=f"camera-{writer}")
            while True:
                try:
                    store.commit(piece, event(piece, f"P-{writer}"), store.version())
                    break
                except StoreMoved:
                    continue

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write_some, range(4)))
    assert check_whole(store) == 100


def test_one_tracklet_by_four_threads_has_one_event(store: Store) -> None:
    piece = embedding()

    def write_it(writer: int) -> str:
        return store.commit(piece, event(piece, f"P-{writer}"), 0).identity

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(write_it, range(4)))) == 1
    assert check_whole(store) == 1


def test_a_thousand_sightings(store: Store) -> None:
    for track in range(1000):
        piece = embedding(track, person=track)
        store.commit(piece, event(piece, f"P-{track % 50}"), track)
    assert store.version() == 1000
    assert len(store.sightings(0, 1000)) == len(store.events(0, 5000)) == 1000
    assert len(store.identities()) == 50


def test_reopened(address: str) -> None:
    store = open_store(address, "site")
    commit(store, embedding())
    epoch, events = store.epoch, store.events(0, 10)
    store.close()
    store.close()  # safe to call twice
    again = open_store(address, "site")
    assert (again.epoch, again.version(), again.last_sequence()) == (epoch, 1, 1)
    assert again.events(0, 10) == events
    commit(again, embedding(2))
    assert check_whole(again) == 2
    again.close()


def test_namespaces_do_not_see_each_other(address: str) -> None:
    names = ["site", "Standort Süd", "site:2"]
    stores = [open_store(address, name) for name in names]
    assert len({each.epoch for each in stores}) == 3
    for number, each in enumerate(stores):
        for track in range(number + 1):
            commit(each, embedding(track))
    assert [check_whole(each) for each in stores] == [1, 2, 3]
    for each in stores:
        each.close()


def start_writer(address: str, writer: int, count: int) -> subprocess.Popen[bytes]:
    module = "tests.contract.store_writer"
    return subprocess.Popen([sys.executable, "-m", module, address, "site", str(writer), str(count)], cwd=ROOT)


def test_four_processes_leave_no_gap(address: str) -> None:
    # They also open it at once, so one of them makes it and the others wait
    processes = [start_writer(address, writer, 25) for writer in range(4)]
    assert [each.wait() for each in processes] == [0, 0, 0, 0]
    store = open_store(address, "site")
    assert check_whole(store) == 100
    store.close()


@pytest.mark.parametrize("commits", [1, 7, 40])
def test_kill_in_the_middle_of_commits_leaves_a_whole_store(address: str, commits: int) -> None:
    store = open_store(address, "site")
    writer = start_writer(address, 1, 1_000_000)
    deadline = time.monotonic() + 30
    while store.version() < commits:
        assert writer.poll() is None
        assert time.monotonic() < deadline
    writer.kill()
    writer.wait()
    before = check_whole(store)
    assert before >= commits
    write(address, "site", 2, 5)  # and it goes on
    assert check_whole(store) == before + 5
    store.close()
