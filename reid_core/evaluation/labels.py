"""What is known of N samples (images or tracklets): who, on which camera, in which clothes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reid_core.errors import DataSetInvalid

UNKNOWN = -1  # of a camera or of clothes: equal to nothing, not even to another unknown
JUNK = -1  # of a person: a gallery item that is neither right nor wrong

Integers = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    persons: Integers  # (N,) JUNK = nobody
    cameras: Integers  # (N,) UNKNOWN = none
    clothes: Integers  # (N,) UNKNOWN = none; numbered over persons and over query and gallery together

    def __post_init__(self) -> None:
        shapes = {self.persons.shape, self.cameras.shape, self.clothes.shape}
        if len(shapes) != 1 or self.persons.ndim != 1:
            raise DataSetInvalid(
                f"labels: expected persons, cameras and clothes of one length (N,), found "
                f"{self.persons.shape}, {self.cameras.shape}, {self.clothes.shape}"
            )

    @classmethod
    def of(cls, persons: ArrayLike, cameras: ArrayLike | None = None, clothes: ArrayLike | None = None) -> "Labels":
        """From anything that holds whole numbers; what is left out is unknown."""
        who = _integers("persons", persons)
        unknown = np.full(who.shape, UNKNOWN, dtype=np.int64)
        return cls(
            who,
            unknown if cameras is None else _integers("cameras", cameras),
            unknown if clothes is None else _integers("clothes", clothes),
        )

    def __len__(self) -> int:
        return len(self.persons)

    def take(self, which: Integers | Mask | slice) -> "Labels":
        return Labels(self.persons[which], self.cameras[which], self.clothes[which])


def _integers(name: str, values: ArrayLike) -> Integers:
    found = np.asarray(values)
    if found.size and not np.issubdtype(found.dtype, np.integer):  # ids kept as floats lose their last digits
        raise DataSetInvalid(f"labels: expected whole numbers for {name}, found {found.dtype}")
    return found.astype(np.int64)
