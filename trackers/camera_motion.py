"""How the picture moved since the frame before: a 2x3 affine, from corners that are found again."""

from collections.abc import Callable
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from reid_core.geometry import Boxes
from reid_core.records import Frame, Image
from trackers.kalman import Affine

CameraMotion = Callable[[Frame, Boxes], Affine | None]  # given who is in the frame; None: it stands still, or unknown

_WIDTH = 640  # pixels that the picture is shrunk to
_CORNERS = 400
_FEWEST = 12  # corners found again, below which they say nothing
_REACH = 3.0  # pixels beyond which a corner does not go with the others


class _Vision(Protocol):
    """What is used of OpenCV; its stubs know too little of None."""

    def goodFeaturesToTrack(self, *given: Any, **named: Any) -> NDArray[np.float32] | None: ...  # noqa: N802
    def calcOpticalFlowPyrLK(self, *given: Any, **named: Any) -> tuple[Any, Any, Any]: ...  # noqa: N802
    def estimateAffinePartial2D(self, *given: Any, **named: Any) -> tuple[Any, Any]: ...  # noqa: N802


class SparseFlow:
    """Corners of the scene around the people, followed by Lucas and Kanade's method from frame to frame."""

    def __init__(self) -> None:
        self._before: Image | None = None  # grey, shrunk
        self._corners: NDArray[np.float32] | None = None  # of it, (N, 1, 2)

    def __call__(self, frame: Frame, boxes: Boxes) -> Affine | None:
        import cv2

        vision = cast(_Vision, cv2)
        height, width = frame.image.shape[:2]
        scale = min(1.0, _WIDTH / width)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        grey = cast(Image, cv2.cvtColor(cv2.resize(frame.image, size), cv2.COLOR_RGB2GRAY))
        affine = self._since(vision, grey)
        self._before = grey
        self._corners = vision.goodFeaturesToTrack(
            grey, _CORNERS, 0.01, 5.0, mask=_scene(grey.shape[:2], boxes * scale), blockSize=3
        )
        if affine is not None:
            affine[:, 2] /= scale
        return affine

    def _since(self, vision: _Vision, grey: Image) -> Affine | None:
        if self._before is None or self._before.shape != grey.shape or self._corners is None:
            return None
        there, found, _ = vision.calcOpticalFlowPyrLK(self._before, grey, self._corners, None)
        again = found[:, 0] == 1
        if again.sum() < _FEWEST:
            return None
        affine, kept = vision.estimateAffinePartial2D(
            self._corners[again], there[again], ransacReprojThreshold=_REACH, maxIters=500
        )
        return None if affine is None or kept.sum() < _FEWEST else np.asarray(affine, np.float64)


def _scene(shape: tuple[int, ...], boxes: Boxes) -> Image:
    """Where nobody is: people move by themselves."""
    mask = np.full(shape, 255, np.uint8)
    corners = np.clip(boxes, 0, [shape[1], shape[0], shape[1], shape[0]]).astype(int)
    for left, top, right, bottom in corners.tolist():
        mask[top:bottom, left:right] = 0
    return mask
