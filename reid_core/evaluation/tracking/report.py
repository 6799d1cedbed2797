"""The figures of each sequence and of all together, from MOTChallenge's files."""

from collections.abc import Mapping
from functools import reduce
from operator import add
from pathlib import Path
from typing import NamedTuple

from reid_core.errors import DataSetInvalid
from reid_core.evaluation.tracking import motchallenge
from reid_core.evaluation.tracking.clear import Clear, clear
from reid_core.evaluation.tracking.hota import Hota, hota
from reid_core.evaluation.tracking.identity import Identity, identity
from reid_core.evaluation.tracking.scene import Scene, joined


class Figures(NamedTuple):
    """What was counted; of several sequences, it adds up."""

    hota: Hota
    clear: Clear
    identity: Identity

    def __add__(self, other: object) -> "Figures":  # not a tuple's
        if not isinstance(other, Figures):
            return NotImplemented
        return Figures(self.hota + other.hota, self.clear + other.clear, self.identity + other.identity)

    def row(self) -> dict[str, float]:
        """Shares from 0 to 1, and counts."""
        return {
            "HOTA": self.hota.hota,
            "DetA": self.hota.det_a,
            "AssA": self.hota.ass_a,
            "MOTA": self.clear.mota,
            "IDF1": self.identity.idf1,
            "IDs": self.clear.switches,
            "Frag": self.clear.fragments,
        }


def figures(scene: Scene) -> Figures:
    return Figures(hota(scene), clear(scene), identity(scene))


def together(sequences: Mapping[str, Scene]) -> Figures:
    """As the benchmark counts: each sequence for itself, its people those of no other."""
    return reduce(add, (figures(scene) for scene in sequences.values()))


def across_cameras(cameras: Mapping[str, Scene]) -> Identity:
    """Each sequence is a camera's, and an id means the same person on all of them."""
    return identity(joined(cameras))


def scenes(truth: Path, result: Path, distractors: tuple[int, ...] = motchallenge.DISTRACTORS) -> dict[str, Scene]:
    """Of two files, or of two folders: NAME/gt/gt.txt or NAME.txt there, NAME.txt or data/NAME.txt here."""
    if truth.is_file():
        names = {truth.stem: (truth, result)}
    else:
        found = {path.parent.parent.name: path for path in sorted(truth.glob("*/gt/gt.txt"))}
        found |= {path.stem: path for path in sorted(truth.glob("*.txt"))}
        if not found:
            raise DataSetInvalid(f"{truth}: expected a file, or a folder with NAME/gt/gt.txt or NAME.txt in it")
        folder = result / "data" if (result / "data").is_dir() else result
        names = {name: (path, folder / f"{name}.txt") for name, path in found.items()}
    return {
        name: motchallenge.compare(motchallenge.read(here), motchallenge.read(there), distractors)
        for name, (here, there) in names.items()
    }
