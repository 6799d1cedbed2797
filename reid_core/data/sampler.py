"""P persons times K samples a step: which samples each step of an epoch takes, known in advance from the seed alone.

So training resumes at any step with the same samples, and several processes share a step without talking.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from reid_core.data.samples import Sample
from reid_core.errors import ConfigInvalid, DataSetInvalid
from reid_core.options import Options


class SamplerOptions(Options, frozen=True):
    persons: Annotated[int, Meta(ge=2)] = 8  # different persons a step, over all processes
    each: Annotated[int, Meta(ge=1)] = 4  # samples of each person a step
    balance_outfits: bool = False  # a person's samples of one step show as many outfits as there are


class Draw(NamedTuple):
    """One sample in one place of the training: augmentation takes its chances from all four and the seed."""

    sample: int
    epoch: int
    step: int
    slot: int  # in the step, over all processes

    def rng(self, seed: int) -> np.random.Generator:
        """The same in whatever process it is asked for."""
        return np.random.default_rng((seed, self.epoch, self.step, self.slot, self.sample))


@dataclass(frozen=True, slots=True)
class IdentitySampler:
    groups: tuple[NDArray[np.int64], ...]  # the samples of each person
    outfits: tuple[NDArray[np.int64], ...]  # and the clothes of each of them
    options: SamplerOptions
    seed: int

    def plan(self, epoch: int) -> NDArray[np.int64]:
        """(steps, persons * each) samples; those of one person stand side by side."""
        rng = np.random.default_rng((self.seed, epoch))
        wanted, each = self.options.persons, self.options.each
        queues = [self._queue(person, rng) for person in range(len(self.groups))]
        left = np.array([len(queue) for queue in queues])
        steps: list[NDArray[np.int64]] = []
        while len(ready := np.flatnonzero(left)) >= wanted:
            chosen = rng.choice(ready, wanted, replace=False)
            left[chosen] -= 1
            steps.append(np.concatenate([queues[person][left[person]] for person in chosen]))
        return np.stack(steps) if steps else np.empty((0, wanted * each), dtype=np.int64)

    def epoch(self, epoch: int, *, begin: int = 0, rank: int = 0, ranks: int = 1) -> list[list[Draw]]:
        """The steps from `begin` on, and of each step the share of one of several processes: whole persons."""
        if self.options.persons % ranks:
            raise ConfigInvalid(
                f"sampler: {self.options.persons} persons a step cannot be shared by {ranks} processes; "
                f"choose a multiple of {ranks}"
            )
        share = self.options.persons // ranks * self.options.each
        slots = range(rank * share, (rank + 1) * share)
        plan = self.plan(epoch)
        return [[Draw(int(plan[step, slot]), epoch, step, slot) for slot in slots] for step in range(begin, len(plan))]

    def _queue(self, person: int, rng: np.random.Generator) -> list[NDArray[np.int64]]:
        """The samples of one person in groups of K, shuffled; a person with fewer than K gives some of them twice."""
        samples, each = self.groups[person], self.options.each
        order = rng.permutation(len(samples))
        if self.options.balance_outfits:
            order = order[_by_turns(self.outfits[person][order])]
        if len(order) < each:
            order = np.concatenate([order, rng.choice(order, each - len(order))])
        return [samples[order[i : i + each]] for i in range(0, len(order) - each + 1, each)]


def identity_sampler(samples: Sequence[Sample], options: SamplerOptions, seed: int) -> IdentitySampler:
    persons = np.array([sample.person for sample in samples], dtype=np.int64)
    _, clothes = np.unique([sample.clothes for sample in samples], return_inverse=True)
    groups = tuple(np.flatnonzero(persons == person) for person in np.unique(persons))
    if len(groups) < options.persons:
        raise DataSetInvalid(
            f"sampler: {options.persons} different persons a step, but only {len(groups)} to train on; "
            "lower the number of persons a step"
        )
    return IdentitySampler(groups, tuple(clothes[group].astype(np.int64) for group in groups), options, seed)


def _by_turns(outfits: NDArray[np.int64]) -> NDArray[np.int64]:
    """An order that takes one of each outfit in turn; within an outfit the order stays."""
    seen: dict[int, int] = {}
    turns = np.empty(len(outfits), dtype=np.int64)
    for i, outfit in enumerate(outfits.tolist()):
        turns[i] = seen[outfit] = seen.get(outfit, -1) + 1
    return np.argsort(turns, kind="stable")
