"""A validation split, to choose a model by: persons held out of train. The test set is never looked at."""

from dataclasses import replace

import numpy as np

from reid_core.data.samples import DataSet, Sample
from reid_core.errors import ConfigInvalid, DataSetInvalid

HELD_OUT = 0.1  # of the persons
QUERY_SHARE = 0.2  # of a held-out person's samples on one camera in one outfit


def with_validation(data: DataSet, seed: int, *, held_out: float = HELD_OUT) -> DataSet:
    """Its train without some persons, who are query and gallery now: evaluated under the same settings as the test.

    Train and gallery share nobody; the data set's own test is not in the result at all.
    """
    if not 0 < held_out < 1:
        raise ConfigInvalid(f"validation: expected a share of the persons between 0 and 1, found {held_out}")
    persons = sorted({sample.person for sample in data.train})
    if len(persons) < 3:
        raise DataSetInvalid(f"{data.name}: {len(persons)} persons in train; a validation split needs at least 3")
    rng = np.random.default_rng(seed)
    count = min(max(1, round(held_out * len(persons))), len(persons) - 2)  # to train on one person teaches nothing
    chosen = {persons[i] for i in rng.permutation(len(persons))[:count]}
    query: list[Sample] = []
    gallery: list[Sample] = []
    for person in sorted(chosen):
        asks, answers = _shared([sample for sample in data.train if sample.person == person], rng)
        query += asks
        gallery += answers
    train = tuple(sample for sample in data.train if sample.person not in chosen)
    if not query:
        raise DataSetInvalid(f"{data.name}: none of {count} held-out persons has two samples; hold out more")
    return replace(data, train=train, query=tuple(query), gallery=tuple(gallery), unused={})


def _shared(samples: list[Sample], rng: np.random.Generator) -> tuple[list[Sample], list[Sample]]:
    """A few of every look of one person ask, the others answer; a look of one sample alone answers."""
    looks: dict[tuple[int, str], list[Sample]] = {}
    for i in rng.permutation(len(samples)):
        looks.setdefault((samples[i].camera, samples[i].clothes), []).append(samples[i])
    asks: list[Sample] = []
    answers: list[Sample] = []
    for look in looks.values():
        count = max(1, round(QUERY_SHARE * len(look))) if len(look) > 1 else 0
        asks += look[:count]
        answers += look[count:]
    if not asks and len(answers) > 1:  # one sample a look: any of them may ask for the others
        asks, answers = answers[:1], answers[1:]
    return asks, answers
