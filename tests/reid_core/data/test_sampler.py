"""P x K: the right people, the same steps after a kill, and shares that make a whole."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reid_core.data.sampler import IdentitySampler, SamplerOptions, identity_sampler
from reid_core.data.samples import Sample
from reid_core.errors import ConfigInvalid, DataSetInvalid


def samples_of(counts: list[int], outfits: int = 3) -> list[Sample]:
    return [
        Sample((Path(f"{person}_{i}.jpg"),), person, 0, f"{person}_{i % outfits if i < outfits else 0}")
        for person, count in enumerate(counts)
        for i in range(count)
    ]


def sampler_of(counts: list[int], persons: int = 2, each: int = 4, seed: int = 0) -> IdentitySampler:
    return identity_sampler(samples_of(counts), SamplerOptions(persons=persons, each=each), seed)


@given(
    st.lists(st.integers(1, 30), min_size=4, max_size=12), st.integers(2, 4), st.integers(1, 5), st.integers(0, 1000)
)
def test_a_step_holds_k_samples_of_each_of_p_people(counts: list[int], persons: int, each: int, seed: int) -> None:
    samples = samples_of(counts)
    plan = sampler_of(counts, persons, each, seed).plan(3)
    assert plan.shape[1] == persons * each
    assert len(plan) >= 1
    drawn: Counter[int] = Counter()
    for step in plan:
        people = [samples[i].person for i in step]
        groups = [people[i : i + each] for i in range(0, len(people), each)]
        assert all(len(set(group)) == 1 for group in groups)
        assert len({group[0] for group in groups}) == persons
        drawn.update(step.tolist())
    enough = {i for i, sample in enumerate(samples) if counts[sample.person] >= each}
    assert all(drawn[i] <= 1 for i in enough)  # nobody with enough samples gives one twice


def test_epochs_and_seeds_differ_and_each_repeats_itself() -> None:
    sampler = sampler_of([9, 9, 9, 9])
    assert np.array_equal(sampler.plan(0), sampler_of([9, 9, 9, 9]).plan(0))
    assert not np.array_equal(sampler.plan(0), sampler.plan(1))
    assert not np.array_equal(sampler.plan(0), sampler_of([9, 9, 9, 9], seed=1).plan(0))


def test_it_resumes_at_any_step() -> None:
    sampler = sampler_of([16] * 6)
    whole = sampler.epoch(5)
    assert len(whole) > 5
    for begin in range(len(whole) + 1):
        assert sampler_of([16] * 6).epoch(5, begin=begin) == whole[begin:]


def test_shares_of_several_processes_make_the_whole_step() -> None:
    sampler = sampler_of([16] * 6, persons=4)
    shares = [sampler.epoch(2, rank=rank, ranks=2) for rank in range(2)]
    assert [[*left, *right] for left, right in zip(*shares, strict=True)] == sampler.epoch(2)


def test_people_who_cannot_be_shared_are_refused() -> None:
    with pytest.raises(ConfigInvalid, match="4 persons a step cannot be shared by 3 processes; choose a multiple of 3"):
        sampler_of([8] * 6, persons=4).epoch(0, ranks=3)


def test_too_few_people_are_refused() -> None:
    with pytest.raises(DataSetInvalid, match="8 different persons a step, but only 2 to train on"):
        sampler_of([8, 8], persons=8)


def test_a_balanced_step_shows_all_outfits_of_a_person() -> None:
    samples = samples_of([24] * 3)  # all but two samples of each person wear the first of three outfits
    plain, balanced = (
        identity_sampler(samples, SamplerOptions(persons=3, each=3, balance_outfits=choice), 0)
        for choice in (False, True)
    )

    def outfits_of_first_groups(sampler: IdentitySampler) -> list[int]:
        return [len({samples[i].clothes for i in step}) for step in sampler.plan(0)]

    # the turns end where an outfit has no more: one step of all epochs has everybody in all three
    assert max(outfits_of_first_groups(balanced)) == 9
    assert max(outfits_of_first_groups(plain)) < 9


def test_chances_of_a_draw_are_its_own() -> None:
    draws = [draw for step in sampler_of([8] * 4).epoch(0) for draw in step]
    numbers = [int(draw.rng(7).integers(2**60)) for draw in draws]
    assert len(set(numbers)) == len(numbers)
    assert numbers[3] == int(draws[3].rng(7).integers(2**60))
    assert numbers[3] != int(draws[3].rng(8).integers(2**60))
