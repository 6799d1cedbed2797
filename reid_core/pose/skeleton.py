"""The 14 joints that every pose here is made of: their order, names, bones, and which are left and right of each other.

Left and right are the person's own.
"""

from typing import Final

JOINT_NAMES: Final = (
    "head",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_hand",
    "right_hand",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_foot",
    "right_foot",
    "neck",
)
JOINT_COUNT: Final = len(JOINT_NAMES)


def joint(name: str) -> int:
    """Where this joint stands in the order."""
    return JOINT_NAMES.index(name)


def _bones(*names: tuple[str, str]) -> tuple[tuple[int, int], ...]:
    return tuple((joint(inner), joint(outer)) for inner, outer in names)


BONES: Final = _bones(
    ("neck", "head"),
    ("neck", "left_shoulder"),
    ("neck", "right_shoulder"),
    ("left_shoulder", "left_elbow"),
    ("right_shoulder", "right_elbow"),
    ("left_elbow", "left_hand"),
    ("right_elbow", "right_hand"),
    ("left_shoulder", "left_hip"),
    ("right_shoulder", "right_hip"),
    ("left_hip", "right_hip"),
    ("left_hip", "left_knee"),
    ("right_hip", "right_knee"),
    ("left_knee", "left_foot"),
    ("right_knee", "right_foot"),
)

# (left, right): what changes places when a picture is mirrored
PAIRS: Final = tuple(
    (joint(name), joint(name.replace("left", "right"))) for name in JOINT_NAMES if name.startswith("left")
)
