"""A data set of re-identification as records: who, on which camera, in which clothes, in which files."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

JUNK = -1  # of a person: nobody
UNKNOWN = -1  # of a camera, or of clothes by number

Kind = Literal["image", "video"]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture, or the frames of one tracklet in order."""

    paths: tuple[Path, ...]
    person: int  # the data set's own label
    camera: int = UNKNOWN
    clothes: str = ""  # "" = unknown; unique over all persons and splits of a data set


@dataclass(frozen=True, slots=True)
class DataSet:
    name: str
    kind: Kind
    root: Path  # all paths lie below it
    settings: tuple[str, ...]  # by which names reid_core.evaluation.settings knows how to evaluate it
    train: tuple[Sample, ...]
    query: tuple[Sample, ...]
    gallery: tuple[Sample, ...]
    unused: Mapping[str, tuple[Sample, ...]] = field(default_factory=dict)  # what the protocol leaves out, by reason
    odd: tuple[str, ...] = ()  # files that were skipped because they do not fit the layout, with the reason

    def split(self, name: str) -> tuple[Sample, ...]:
        """`train`, `query`, `gallery`, or one of the unused; empty where there is none of that name."""
        match name:
            case "train":
                return self.train
            case "query":
                return self.query
            case "gallery":
                return self.gallery
        return self.unused.get(name, ())


@dataclass(frozen=True, slots=True, eq=False)
class Numbering:
    """Labels to numbers: classes from 0 for training, or the data set's own persons for a test."""

    persons: Mapping[int, int]
    clothes: Mapping[str, int]

    def person(self, sample: Sample) -> int:
        return self.persons[sample.person]

    def outfit(self, sample: Sample) -> int:
        return self.clothes[sample.clothes] if sample.clothes else UNKNOWN


def training_classes(samples: Iterable[Sample]) -> Numbering:
    """Persons and outfits counted from 0 in sorted order, so that the same samples always give the same classes."""
    samples = tuple(samples)
    persons = sorted({sample.person for sample in samples})
    return Numbering({person: i for i, person in enumerate(persons)}, _outfits(samples))


def labels_of_test(*splits: Iterable[Sample]) -> Numbering:
    """Query and gallery must be numbered together, or equal clothes would get different numbers."""
    samples = tuple(sample for split in splits for sample in split)
    return Numbering({sample.person: sample.person for sample in samples}, _outfits(samples))


def label_arrays(samples: Sequence[Sample], numbering: Numbering) -> tuple[Integers, Integers, Integers]:
    """Persons, cameras and clothes, (N,) each, as reid_core.evaluation.labels takes them."""
    persons = np.array([numbering.person(sample) for sample in samples], dtype=np.int64)
    cameras = np.array([sample.camera for sample in samples], dtype=np.int64)
    clothes = np.array([numbering.outfit(sample) for sample in samples], dtype=np.int64)
    return persons, cameras, clothes


def _outfits(samples: Iterable[Sample]) -> dict[str, int]:
    return {clothes: i for i, clothes in enumerate(sorted({each.clothes for each in samples if each.clothes}))}
