"""PNG files of labels, grey or with a palette: the numbers that were written, not the colours they are shown in."""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from reid_core.errors import DataSetInvalid

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _PALETTE = 0, 3  # colour types of a PNG
_COLOURS = {b"PLTE", b"tRNS"}


def read_labels(path: Path) -> NDArray[np.uint8]:
    """(height, width). Raises DataSetInvalid."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataSetInvalid(f"{path}: cannot be read ({error.strerror})") from error
    try:
        grey, steps = _as_grey(data)
        labels = cv2.imdecode(np.frombuffer(grey, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
    except (ValueError, struct.error, cv2.error) as error:
        raise DataSetInvalid(f"{path}: no whole PNG ({' '.join(str(error).split())}); write it again") from error
    if labels is None or labels.ndim != 2 or labels.dtype != np.uint8:
        found = "nothing" if labels is None else f"{labels.shape} {labels.dtype}"
        raise DataSetInvalid(f"{path}: expected a PNG with one number of 8 bits a pixel, found {found}")
    return np.asarray(labels // steps, dtype=np.uint8)


def _as_grey(data: bytes) -> tuple[bytes, int]:
    """The file with its palette taken out, since OpenCV gives the colours alone; and by how much it spreads numbers."""
    chunks = list(_chunks(data))
    if not chunks or chunks[0][0] != b"IHDR":
        raise ValueError("it has no header")
    width, height, depth, colour, *rest = struct.unpack(">IIBBBBB", chunks[0][1])
    if colour not in (_GREY, _PALETTE) or depth > 8:
        return data, 1
    header = struct.pack(">IIBBBBB", width, height, depth, _GREY, *rest)
    kept = [(b"IHDR", header), *(each for each in chunks[1:] if each[0] not in _COLOURS)]
    return _SIGNATURE + b"".join(_packed(*each) for each in kept), 255 // (2**depth - 1)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    if not data.startswith(_SIGNATURE):
        raise ValueError("it does not begin as one")
    place = len(_SIGNATURE)
    while place < len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        body = data[place + 8 : place + 8 + length]
        if len(body) < length:
            raise ValueError("it is cut short")
        yield kind, body
        place += 12 + length


def _packed(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", zlib.crc32(kind + body))
