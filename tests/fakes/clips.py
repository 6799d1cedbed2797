"""Small real clips and pictures whose every frame carries its number, so that a test can tell which one it got."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from reid_core.records import Image

_BITS = 10


def numbered(number: int, width: int = 160, height: int = 120) -> Image:
    """Upright bars, black for 0 and white for 1: the number in binary, the highest bit at the left."""
    bits = [255 * (number >> place & 1) for place in reversed(range(_BITS))]
    columns = np.arange(width) * _BITS // width
    row = np.array(bits, np.uint8)[columns]
    return np.ascontiguousarray(np.broadcast_to(row[None, :, None], (height, width, 3)))


def number_of(image: Image) -> int:
    """The number of a picture, also after it was compressed and scaled."""
    height, width = image.shape[:2]
    bars = [image[height // 2, (2 * place + 1) * width // (2 * _BITS)].mean() > 127 for place in range(_BITS)]
    return sum(1 << (_BITS - 1 - place) for place, white in enumerate(bars) if white)


def write_clip(
    path: Path,
    frames: int = 25,
    *,
    fps: int = 25,
    size: tuple[int, int] = (160, 120),
    codec: str = "libx264",
    milliseconds: Sequence[int] | None = None,  # when each frame is shown; else, evenly at fps
    rotation: int = 0,  # degrees by which a player should turn it, counter-clockwise
    index_first: bool = False,  # of an MP4: what is left of it after a cut can be read
) -> Path:
    """Frames 0, 1, 2... Widths and heights must be even. A key frame every 10."""
    options = {"movflags": "faststart"} if index_first else {}
    with av.open(str(path), "w", container_options=options) as container:
        stream = container.add_stream(codec, rate=fps)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = size
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.gop_size = 10
        stream.codec_context.time_base = Fraction(1, fps if milliseconds is None else 1000)
        if rotation:
            stream.set_display_rotation(rotation)
        for number in range(frames):
            picture = av.VideoFrame.from_ndarray(numbered(number, *size), format="rgb24")
            picture.pts = number if milliseconds is None else milliseconds[number]
            picture.time_base = stream.codec_context.time_base
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def write_sound(path: Path) -> Path:
    """A tenth of a second of silence, and no picture."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000, layout="mono")
        assert isinstance(stream, av.AudioStream)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.float32), format="fltp", layout="mono")
        sound.rate = 8000
        sound.pts = 0
        container.mux(stream.encode(sound))
        container.mux(stream.encode())
    return path


def write_pictures(folder: Path, count: int = 5, suffix: str = ".png") -> Path:
    """frame0, frame1, ... frame10: natural order is not the order of the alphabet."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        assert cv2.imwrite(str(folder / f"frame{number}{suffix}"), numbered(number))
    return folder
