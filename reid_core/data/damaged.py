"""What is done about a sample whose pictures cannot be decoded."""

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, TypeVar

from reid_core.data.samples import Sample
from reid_core.errors import DataSetInvalid

T = TypeVar("T")

# replace: by the next sample of the same person, so that a training step keeps its P x K; leave_out: for a test
Damaged = Literal["refuse", "replace", "leave_out"]

_log = logging.getLogger("restride.data")


def read_one(samples: Sequence[Sample], place: int, damaged: Damaged, read: Callable[[int], T]) -> tuple[int, T] | None:
    """What was read, and the place of the sample that it is of; None where it is left out."""
    if damaged == "refuse":
        return place, read(place)
    for each in _same_person(samples, place) if damaged == "replace" else (place,):
        try:
            return each, read(each)
        except DataSetInvalid as error:
            _log.warning("skipped: %s", error)
    if damaged == "replace":
        raise DataSetInvalid(f"person {samples[place].person}: not one picture can be decoded; remove this person")
    return None


def _same_person(samples: Sequence[Sample], place: int) -> Iterator[int]:
    """This place, then the others of the same person in turn."""
    for step in range(len(samples)):
        other = (place + step) % len(samples)
        if samples[other].person == samples[place].person:
            yield other
