"""Label pictures as parsers write them: numbers with a palette."""

import struct
import zlib
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray


def write_palette(path: Path, labels: NDArray[np.uint8], depth: Literal[4, 8] = 8) -> None:
    """As parsers write them: numbers, and a palette to look at."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", zlib.crc32(kind + body))

    height, width = labels.shape
    packed = labels if depth == 8 else (labels[:, ::2] << 4 | labels[:, 1::2]).astype(np.uint8)
    rows = b"".join(b"\0" + row.tobytes() for row in packed)
    colours = bytes((i * 53) % 256 for i in range(3 * 2**depth))
    header = struct.pack(">IIBBBBB", width, height, depth, 3, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"PLTE", colours), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks))
