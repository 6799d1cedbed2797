"""Pictures from files; a damaged one is named."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from reid_core.errors import DataSetInvalid
from reid_core.records import Image


def read_picture(path: Path) -> Image:
    """RGB. Decoded from memory, for from a file OpenCV gives a cut JPEG with grey in place of what is lost."""
    return _decoded(path, cv2.IMREAD_COLOR_RGB)


def read_grey(path: Path) -> NDArray[np.uint8]:
    """(height, width): labels or a mask, as they were written."""
    return _decoded(path, cv2.IMREAD_GRAYSCALE)


def write_png(path: Path, picture: NDArray[np.uint8]) -> None:
    """Grey or RGB."""
    encoded, data = cv2.imencode(".png", picture if picture.ndim == 2 else picture[..., ::-1])
    if not encoded:
        raise DataSetInvalid(f"{path}: a picture of {picture.shape} cannot be written as PNG")
    write_whole(path, data.tobytes())


def write_whole(path: Path, data: bytes) -> None:
    """Or not at all: who is killed meanwhile leaves no half file of that name."""
    half_written = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        half_written.write_bytes(data)
        half_written.replace(path)
    except OSError as error:
        raise DataSetInvalid(f"{path}: cannot be written ({error.strerror})") from error


def _decoded(path: Path, flag: int) -> NDArray[np.uint8]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataSetInvalid(f"{path}: cannot be read ({error.strerror})") from error
    try:
        picture = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), flag) if data else None
    except cv2.error as error:
        raise DataSetInvalid(_damaged(path, len(data))) from error
    if picture is None:
        raise DataSetInvalid(_damaged(path, len(data)))
    return np.asarray(picture, dtype=np.uint8)


def _damaged(path: Path, size: int) -> str:
    return f"{path}: {size} bytes that are no whole picture; copy it again, or let damaged pictures be skipped"
