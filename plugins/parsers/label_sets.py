"""Other label sets than ATR's 18: by name, or as a list that says what each label is called in ATR."""

from typing import Annotated, Any, Literal

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from reid_core.errors import DataSetInvalid
from reid_core.models.human_parts import LABEL_COUNT, LIP_TO_ATR

AtrLabel = Annotated[int, Meta(ge=0, lt=LABEL_COUNT)]
# "atr", "lip" (20 labels), or for each label of the parser the number of ATR's that it becomes
LabelSet = Literal["atr", "lip"] | Annotated[tuple[AtrLabel, ...], Meta(min_length=2, max_length=256)]


def atr_numbers(labels: LabelSet) -> NDArray[np.uint8]:
    """(L,): for each label of the set the number of ATR's."""
    match labels:
        case "atr":
            return np.arange(LABEL_COUNT, dtype=np.uint8)
        case "lip":
            return np.array(LIP_TO_ATR, dtype=np.uint8)
        case listed:
            return np.array(listed, dtype=np.uint8)


def to_atr(found: NDArray[Any], numbers: NDArray[np.uint8], where: str) -> NDArray[np.uint8]:
    """`where` begins the message about a label that the set does not have."""
    highest = int(found.max())
    if highest >= len(numbers) or int(found.min()) < 0:
        raise DataSetInvalid(
            f"{where}: holds the label {highest if highest >= len(numbers) else int(found.min())}, the option labels "
            f"tells of 0 to {len(numbers) - 1}; is it another label set?"
        )
    return np.asarray(numbers[found], dtype=np.uint8)
