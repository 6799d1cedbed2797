"""Searching: the right candidates, few exemplars, models apart, the same gallery from the same store."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reid_core.errors import RecordInvalid
from reid_core.records import FUSED, Cue, IdentityId, IdentityState, ModelId, Sighting, TrackletEmbedding
from stream.identity.decide import Candidate, Rules, decide
from stream.identity.exemplars import Exemplar, surplus
from stream.identity.gallery import CANDIDATES, PAGE, PRESENCES, Gallery
from stream.identity.search import FlatIndex
from stream.identity.topology import Topology
from stream.store.open import open_store
from tests.fakes.store import MemoryStore
from tests.stream.sightings import START, between, embedding, event, unit


def gallery_of(*sightings: tuple[str, TrackletEmbedding], rules: Rules | None = None) -> Gallery:
    gallery = Gallery(rules or Rules())
    for version, (identity, piece) in enumerate(sightings, 1):
        gallery.add(Sighting(version, IdentityId(identity), IdentityState.CONFIRMED, piece))
    return gallery


def names(candidates: list[Candidate]) -> list[str]:
    return [each.identity for each in candidates]


def similarity(candidate: Candidate) -> float:
    return candidate.cues[FUSED].similarity


def test_flat_index_grows_and_replaces() -> None:
    index = FlatIndex(16)
    assert [index.add(unit(seed)) for seed in range(50)] == list(range(50))
    assert index.search(unit(7), 3)[0] == 7
    index.replace(7, unit(100))
    assert index.search(unit(100), 1) == [7]
    np.testing.assert_array_equal(index.vector(7), unit(100))
    assert len(index.search(unit(1), 1000)) == len(index) == 50


def test_nobody_in_an_empty_gallery() -> None:
    gallery = Gallery(Rules())
    assert gallery.candidates(embedding()) == []
    assert gallery.identity_of(embedding().tracklet) is None
    assert (len(gallery), gallery.exemplars, gallery.version) == (0, 0, 0)


def test_candidates_from_the_best_on_each_with_its_best_score() -> None:
    me, other = unit(1), unit(2)
    later = START + 100
    gallery = gallery_of(
        ("P-far", embedding(1, vector=between(me, other, 0.2))),
        ("P-near", embedding(2, vector=between(me, other, 0.6))),
        ("P-near", embedding(3, vector=between(me, other, 0.9), begin=START + 20)),
        ("P-middle", embedding(4, vector=between(me, other, 0.7))),
    )
    candidates = gallery.candidates(embedding(9, vector=me, begin=later))
    assert names(candidates) == ["P-near", "P-middle", "P-far"]
    assert [similarity(each) for each in candidates] == pytest.approx([0.9, 0.7, 0.2], abs=1e-5)
    assert names(gallery.candidates(embedding(9, vector=me, begin=later), without=IdentityId("P-near"))) == [
        "P-middle",
        "P-far",
    ]


def test_the_impossible_do_not_hide_the_right_one() -> None:
    # A crowd that looks more like me than I do, all in my camera at this very moment
    me, other = unit(1), unit(2)
    crowd = [
        (f"P-{number}", embedding(number, vector=between(me, other, 0.999 - number / 1e5), begin=START))
        for number in range(600)
    ]
    right = ("P-me", embedding(1000, camera="hall", vector=between(me, other, 0.8), begin=START - 60))
    gallery = gallery_of(*crowd, right, rules=Rules(exemplars=1))
    assert names(gallery.candidates(embedding(2000, vector=me, begin=START + 2))) == ["P-me"]
    assert len(gallery.candidates(embedding(2000, vector=me, begin=START + 60))) == CANDIDATES


def test_overlapping_cameras_may_see_one_person_at_once() -> None:
    gallery = gallery_of(("P-1", embedding(1, camera="north")))
    here = embedding(2, camera="south", begin=START + 1)
    assert gallery.candidates(here) == []
    seeing_both = Rules(topology=Topology(overlapping=(("south", "north"),)))
    gallery = gallery_of(("P-1", embedding(1, camera="north")), rules=seeing_both)
    assert names(gallery.candidates(here)) == ["P-1"]


def test_pieces_of_one_track_are_one_presence() -> None:
    # Pieces 0 and 2 came, 1 is on its way: the person was there all the time
    gallery = gallery_of(("P-1", embedding(1, 0, begin=START)), ("P-1", embedding(1, 2, begin=START + 8)))
    assert gallery.candidates(embedding(2, begin=START + 5, seconds=1)) == []
    assert gallery.identity_of(embedding(1, 1).tracklet) == "P-1"
    assert gallery.identity_of(embedding(1, 1, camera="hall").tracklet) is None


def test_presences_are_bounded() -> None:
    pieces = [("P-1", embedding(track, begin=START + 10 * track)) for track in range(PRESENCES + 10)]
    gallery = gallery_of(*pieces)
    newest = embedding(999, begin=START + 10 * (PRESENCES + 9))
    assert gallery.candidates(newest) == []
    assert names(gallery.candidates(embedding(999, begin=START))) == ["P-1"]  # long forgotten


def test_models_do_not_meet() -> None:
    old, new = ModelId("net", "1", "aa"), ModelId("net", "1", "bb")
    gallery = gallery_of(("P-1", embedding(1, model=old)), ("P-2", embedding(2, model=new, vector=unit(0, 32))))
    later = START + 100
    assert names(gallery.candidates(embedding(3, model=old, begin=later))) == ["P-1"]
    assert names(gallery.candidates(embedding(3, model=new, vector=unit(0, 32), begin=later))) == ["P-2"]
    assert gallery.candidates(embedding(3, model=ModelId("net", "2", "cc"), begin=later)) == []
    assert gallery.candidate(IdentityId("P-1"), embedding(3, model=new, vector=unit(0, 32))) == []


def test_another_dimension_under_the_same_model_is_refused() -> None:
    gallery = gallery_of(("P-1", embedding(1)))
    with pytest.raises(RecordInvalid, match=r"door/boot/2/0: 8 numbers of model net:1:none, whose others have 16"):
        gallery.check(embedding(2, vector=unit(1, 8)))


def test_cues_are_compared_by_name() -> None:
    cues = {"gait": Cue(unit(7), 0.5), "shape": Cue(unit(8), 0.5)}
    gallery = gallery_of(("P-1", embedding(1, cues=cues)), ("P-1", embedding(2, cues={"gait": Cue(unit(9), 0.8)})))
    seen = {"gait": Cue(unit(9), 0.5), "shape": Cue(unit(8, 4), 1.0), "new": Cue(unit(1))}
    [candidate] = gallery.candidates(embedding(3, cues=seen, begin=START + 100))
    assert set(candidate.cues) == {FUSED, "gait"}  # a shape of another size cannot be compared
    assert candidate.cues["gait"].similarity == pytest.approx(1.0)
    assert candidate.cues["gait"].reliability == pytest.approx(0.4)


def exemplar(camera: str, time: float, quality: float = 0.5) -> Exemplar:
    return Exemplar(camera, time, quality, 1.0, {})


@pytest.mark.parametrize(
    ("exemplars", "out"),
    [
        ([exemplar("a", 0), exemplar("a", 10, 0.9), exemplar("a", 12, 0.2)], 2),  # the poorer of the closest
        ([exemplar("a", 0), exemplar("a", 10, 0.1), exemplar("a", 12, 0.2)], 1),
        ([exemplar("b", 0), exemplar("b", 1), exemplar("a", 0), exemplar("a", 99), exemplar("a", 50, 0.1)], 4),
        ([exemplar("a", 5), exemplar("b", 1), exemplar("c", 9)], 1),  # one of each camera: the oldest
        ([exemplar("a", 5)], 0),
    ],
)
def test_surplus(exemplars: list[Exemplar], out: int) -> None:
    assert surplus(exemplars) == out


def test_exemplars_are_bounded_and_diverse() -> None:
    rules = Rules(exemplars=4)
    door = [("P-1", embedding(track, person=track, begin=START + 5 * track)) for track in range(40)]
    gallery = gallery_of(*door, ("P-1", embedding(99, camera="hall", person=99, begin=START + 500)), rules=rules)
    assert gallery.exemplars == 4
    later = START + 1000
    [hall] = gallery.candidates(embedding(100, person=99, begin=later))
    assert similarity(hall) == pytest.approx(1.0)  # the one view of the other camera stays
    ends = [gallery.candidates(embedding(100, person=track, begin=later))[0] for track in (0, 39)]
    assert max(map(similarity, ends)) == pytest.approx(1.0)


def test_a_gallery_from_the_store_is_the_gallery_that_was_tailed(tmp_path: Path) -> None:
    rules = Rules(exemplars=3)
    store = open_store(f"sqlite:///{tmp_path}/a.db", "site")
    tailing = Gallery(rules)
    for track in range(60):
        piece = embedding(track, person=track % 7, camera=f"camera-{track % 3}", begin=START + 10 * track)
        store.commit(piece, event(piece, f"P-{track % 5}"), track)
        tailing.catch_up(store)
    fresh = Gallery(rules)
    fresh.catch_up(store)
    assert fresh.version == tailing.version == 60
    assert fresh.exemplars == tailing.exemplars == 15
    query = embedding(999, person=3, begin=START + 9999)
    assert fresh.candidates(query) == tailing.candidates(query)
    store.close()


def test_catching_up_takes_pages() -> None:
    store = MemoryStore()
    for track in range(2 * PAGE + 1):
        piece = embedding(track, begin=START + 10 * track)
        store.commit(piece, event(piece), track)
    gallery = Gallery(Rules())
    gallery.catch_up(store)
    assert gallery.version == 2 * PAGE + 1


sighting = st.tuples(
    st.integers(0, 4),  # identity
    st.sampled_from(["door", "hall"]),
    st.integers(0, 60),  # begins
    st.integers(0, 9),  # looks like
)


@given(st.lists(sighting, max_size=20), sighting)
def test_a_forbidden_candidate_never_wins(
    seen: list[tuple[int, str, int, int]], here: tuple[int, str, int, int]
) -> None:
    pieces = [
        (f"P-{identity}", embedding(track, camera=camera, begin=START + begin, person=person))
        for track, (identity, camera, begin, person) in enumerate(seen)
    ]
    gallery = gallery_of(*pieces)
    _, camera, begin, person = here
    query = embedding(999, camera=camera, begin=START + begin, person=person)
    winner = decide(query, gallery.candidates(query), Rules(margin=0)).identity
    for identity, piece in pieces:
        if identity == winner:
            shared = min(piece.end, query.end) - max(piece.begin, query.begin)
            assert shared <= 0.5
            assert piece.camera != query.camera or shared < 0
