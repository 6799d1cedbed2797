"""Joints in a picture -> one heatmap a joint, and other layouts' maps -> the 13 of CAMC (the face is one joint)."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from reid_core.errors import RecordInvalid
from reid_core.pose.skeleton import JOINT_COUNT, JOINT_NAMES

SHRINK: Final = 4  # a heatmap has a quarter of the picture's height and width
_SIGMA_SHARE: Final = 1 / 48  # of the map's height: 2 of 96, as HRNet draws what it learns from
BODY_COUNT: Final = 13  # our 14 joints without the neck

Maps = NDArray[np.float32]  # (..., joints, h, w)

# Where our first 13 joints stand: the head is the highest of nose, eyes and ears
_COCO: Final = ((0, 1, 2, 3, 4), *((i,) for i in range(5, 17)))  # 17 maps
_OPENPOSE: Final = (  # 18 maps: nose, neck, right arm, left arm, right leg, left leg, eyes, ears
    (0, 14, 15, 16, 17),
    *((i,) for i in (5, 2, 6, 3, 7, 4, 11, 8, 12, 9, 13, 10)),
)
_OURS: Final = tuple((i,) for i in range(BODY_COUNT))  # 14 maps; the neck comes last
_LAYOUTS: Final = {BODY_COUNT: _OURS, JOINT_COUNT: _OURS, 17: _COCO, 18: _OPENPOSE}

assert JOINT_NAMES.index("neck") == BODY_COUNT


def joint_heatmaps(points: NDArray[np.float32], visibility: NDArray[np.float32], height: int, width: int) -> Maps:
    """points (..., J, 2) x, y in pixels of a picture of this size, visibility (..., J) -> (..., J, height/4, width/4).

    A bell around each joint, as high as the joint is visible.
    """
    if points.shape != (*visibility.shape, 2):
        raise RecordInvalid(f"joints: expected points of {(*visibility.shape, 2)}, found {points.shape}")
    rows, columns = height // SHRINK, width // SHRINK
    sigma = max(rows * _SIGMA_SHARE, 0.5)
    # the middle of the first cell lies at SHRINK / 2 pixels
    x = points[..., 0:1] / SHRINK - 0.5 - np.arange(columns)
    y = points[..., 1:2] / SHRINK - 0.5 - np.arange(rows)
    across, down = (np.exp(-(each**2) / (2 * sigma**2)) for each in (x, y))
    return np.asarray(visibility[..., None, None] * down[..., :, None] * across[..., None, :], dtype=np.float32)


def to_body_maps(maps: Maps) -> Maps:
    """(..., 13, 14, 17 or 18, h, w) -> (..., 13, h, w): ours, ours with the neck, COCO's, or OpenPose's."""
    layout = _LAYOUTS.get(maps.shape[-3]) if maps.ndim >= 3 else None
    if layout is None:
        raise RecordInvalid(
            f"joint heatmaps: expected (..., joints, h, w) with {', '.join(map(str, _LAYOUTS))} joints, "
            f"found {maps.shape}"
        )
    return np.stack([maps[..., list(sources), :, :].max(axis=-3) for sources in layout], axis=-3)
