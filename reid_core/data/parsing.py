"""The 18 labels of human parsing that everything here speaks: those of the ATR data set, in its order."""

from typing import Final

ATR_LABELS: Final = (
    "background",
    "hat",
    "hair",
    "sunglasses",
    "upper_clothes",
    "skirt",
    "pants",
    "dress",
    "belt",
    "left_shoe",
    "right_shoe",
    "face",
    "left_leg",
    "right_leg",
    "left_arm",
    "right_arm",
    "bag",
    "scarf",
)
BACKGROUND: Final = 0

# (left, right): what changes places when a picture is mirrored
ATR_PAIRS: Final = tuple(
    (ATR_LABELS.index(name), ATR_LABELS.index(name.replace("left", "right")))
    for name in ATR_LABELS
    if name.startswith("left")
)
