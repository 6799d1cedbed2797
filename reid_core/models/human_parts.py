"""What a human parser says of each pixel: how other label sets become ATR's 18, and the seven groups of CRE."""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final

from reid_core.data.parsing import ATR_LABELS, BACKGROUND

LABEL_COUNT: Final = len(ATR_LABELS)

LIP_LABELS: Final = (
    "background",
    "hat",
    "hair",
    "glove",
    "sunglasses",
    "upper_clothes",
    "dress",
    "coat",
    "socks",
    "pants",
    "jumpsuits",
    "scarf",
    "skirt",
    "face",
    "left_arm",
    "right_arm",
    "left_leg",
    "right_leg",
    "left_shoe",
    "right_shoe",
)

# Labels of LIP that ATR does not know. Socks and gloves have no side in LIP; both groups that matter are sideless.
_LIP_ONLY: Final = MappingProxyType(
    {"glove": "left_arm", "coat": "upper_clothes", "socks": "left_leg", "jumpsuits": "dress"}
)


class Part(Enum):
    """The groups of CRE (section 3.1), in its order."""

    BACKGROUND = "background"
    HEAD = "head"
    TOPS = "tops"
    BOTTOMS = "bottoms"
    DRESS = "dress"
    ARMS = "arms"
    LOWER_LIMBS = "lower_limbs"
    ACCESSORIES = "accessories"  # our eighth: the paper's introduction erases them, its seven groups have no place


_NAMES: Final[Mapping[Part, tuple[str, ...]]] = MappingProxyType(
    {
        Part.BACKGROUND: ("background",),
        Part.HEAD: ("hat", "hair", "sunglasses", "face"),
        Part.TOPS: ("upper_clothes",),
        Part.BOTTOMS: ("pants", "skirt"),
        Part.DRESS: ("dress",),
        Part.ARMS: ("left_arm", "right_arm"),
        Part.LOWER_LIMBS: ("left_leg", "right_leg", "left_shoe", "right_shoe"),
        Part.ACCESSORIES: ("belt", "bag", "scarf"),
    }
)


def label(name: str) -> int:
    """Where this label stands in ATR's order."""
    return ATR_LABELS.index(name)


def labels_of(*parts: Part) -> tuple[int, ...]:
    """The labels of ATR that make up these groups, rising."""
    return tuple(sorted(label(name) for part in parts for name in _NAMES[part]))


CLOTHES: Final = (Part.TOPS, Part.BOTTOMS, Part.DRESS)  # S(i, j) in {2, 3, 4} of CRE's eq. 1
LIP_TO_ATR: Final = tuple(label(_LIP_ONLY.get(name, name)) for name in LIP_LABELS)

__all__ = [
    "ATR_LABELS",
    "BACKGROUND",
    "CLOTHES",
    "LABEL_COUNT",
    "LIP_LABELS",
    "LIP_TO_ATR",
    "Part",
    "label",
    "labels_of",
]
