"""A validation split comes from train, by persons, and never from the test."""

from dataclasses import replace
from pathlib import Path

import pytest

from reid_core.data.read import LAYOUTS, read
from reid_core.data.samples import DataSet, Sample
from reid_core.data.validation import with_validation
from reid_core.errors import ConfigInvalid, DataSetInvalid
from tests.fakes.data_sets import fake


def data_of(samples: list[Sample]) -> DataSet:
    return DataSet("toy", "image", Path(), (), tuple(samples), (), ())


def people(count: int, cameras: int = 2, takes: int = 5) -> list[Sample]:
    return [
        Sample((Path(f"{person}_{camera}_{take}.jpg"),), person, camera)
        for person in range(count)
        for camera in range(cameras)
        for take in range(takes)
    ]


@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_the_test_set_is_never_looked_at(name: str, tmp_path: Path) -> None:
    data = read(name, fake(name, tmp_path))
    split = with_validation(data, seed=1)
    assert with_validation(replace(data, query=(), gallery=(), unused={}), seed=1) == split
    assert set(split.train) | set(split.query) | set(split.gallery) == set(data.train)
    assert split.unused == {}


def test_persons_are_held_out_whole() -> None:
    split = with_validation(data_of(people(20)), seed=0)
    held_out = {sample.person for sample in split.query}
    assert len(held_out) == 2
    assert held_out == {sample.person for sample in split.gallery}
    assert not held_out & {sample.person for sample in split.train}
    assert len(split.train) == 18 * 10


def test_each_look_asks_once_in_five_and_finds_the_others() -> None:
    split = with_validation(data_of(people(10, cameras=3)), seed=0)
    assert sorted(sample.camera for sample in split.query) == [0, 1, 2]
    assert len(split.gallery) == 12


def test_looks_of_one_sample_still_ask() -> None:
    split = with_validation(data_of(people(10, cameras=3, takes=1)), seed=0)
    assert (len(split.query), len(split.gallery)) == (1, 2)


def test_it_is_the_same_for_a_seed_whatever_the_order() -> None:
    data = data_of(people(30))
    assert with_validation(data, 4) == with_validation(data, 4)
    persons = [{sample.person for sample in with_validation(data, seed).query} for seed in range(5)]
    assert len({frozenset(each) for each in persons}) > 1


def test_what_cannot_be_split_is_refused() -> None:
    with pytest.raises(DataSetInvalid, match="toy: 2 persons in train; a validation split needs at least 3"):
        with_validation(data_of(people(2)), 0)
    with pytest.raises(DataSetInvalid, match="none of 1 held-out persons has two samples; hold out more"):
        with_validation(data_of(people(5, cameras=1, takes=1)), 0)
    with pytest.raises(ConfigInvalid, match="a share of the persons between 0 and 1, found 1"):
        with_validation(data_of(people(5)), 0, held_out=1)
