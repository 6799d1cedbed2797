"""Truth and results made by a seed, as MOTChallenge's files: people who walk, and a tracker that errs in every way."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    seed: int
    people: int = 8
    frames: int = 60
    missing: float = 0.1  # share of boxes not found
    false: float = 0.1  # share of boxes invented
    switching: float = 0.02  # chance that a found person gets a new id
    jitter: float = 0.05  # of a found box, as a share of its width
    classes: bool = False  # some are distractors, some are marked as not counting
    side: float = 500.0  # of the picture: the smaller, the more they overlap


CASES = (
    Case("plain", 1),
    Case("crowded", 2, people=25, frames=40, side=250.0, switching=0.05, jitter=0.1),
    Case("rough", 3, missing=0.4, false=0.5, switching=0.2, jitter=0.2),
    Case("distractors", 4, people=16, classes=True, jitter=0.08),
    Case("perfect", 5, missing=0.0, false=0.0, switching=0.0, jitter=0.0),
    Case("nobody found", 6, missing=1.0, false=0.0),
    Case("nobody there", 7, people=0, false=1.0),
    Case("one frame", 8, frames=1),
    Case("seldom seen", 9, people=2, missing=0.8, frames=100, switching=0.3),
    Case("far off", 10, jitter=0.6, people=12),
)


def written(case: Case) -> tuple[str, str]:
    """The truth and the result, as text."""
    rng = np.random.default_rng(case.seed)
    truth, result = [], []
    ids = {person: person + 100 for person in range(case.people)}
    next_id = 1000
    start, speed = rng.random((case.people, 2)) * case.side, rng.normal(0.0, 3.0, (case.people, 2))
    size = rng.uniform(20.0, 60.0, (case.people, 1)) * [1.0, 2.5]
    first, last = np.sort(rng.integers(1, case.frames + 1, (2, case.people)), axis=0)
    kinds = rng.choice([1, 1, 1, 2, 7, 8, 12, 3], case.people) if case.classes else np.ones(case.people, int)
    for frame in range(1, case.frames + 1):
        for person in range(case.people):
            if not first[person] <= frame <= last[person]:
                continue
            box = np.concatenate((start[person] + speed[person] * frame, size[person]))
            counts = 0 if case.classes and rng.random() < 0.1 else 1
            truth.append(f"{frame},{person + 1},{_text(box)},{counts},{kinds[person]},1.0")
            if rng.random() < case.switching:
                ids[person], next_id = next_id, next_id + 1
            if rng.random() >= case.missing:
                seen = box + rng.normal(0.0, 1.0, 4) * case.jitter * size[person, 0]
                seen[2:] = np.maximum(seen[2:], 1.0)
                result.append(f"{frame},{ids[person]},{_text(seen)},0.9,-1,-1,-1")
        for invented in range(rng.poisson(case.false * max(case.people, 1))):
            box = np.concatenate((rng.random(2) * case.side, rng.uniform(20.0, 60.0, 2)))
            result.append(f"{frame},{5000 + invented},{_text(box)},0.5,-1,-1,-1")
    return "".join(f"{line}\n" for line in truth), "".join(f"{line}\n" for line in result)


def _text(box: np.ndarray) -> str:
    return ",".join(f"{each:.2f}" for each in box)
