"""Non-maximum suppression: of boxes that lie on one another, the one with the highest score stays."""

import numpy as np
from numpy.typing import NDArray

from reid_core.geometry import Boxes, iou


def suppress(boxes: Boxes, scores: NDArray[np.floating], max_iou: float) -> NDArray[np.intp]:
    """Indices of the boxes that stay, best first; no two of them overlap by more than max_iou."""
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while order.size:
        best, order = int(order[0]), order[1:]
        kept.append(best)
        order = order[iou(boxes[best : best + 1], boxes[order])[0] <= max_iou]
    return np.array(kept, dtype=np.intp)
