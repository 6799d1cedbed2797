"""The two rooms that people walk through, and the camera in each: perspective, backdrop, colour and noise."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from reid_core.records import CameraId, Image
from reid_core.synth.figure import Colour

DOOR, HALL = CameraId("door"), CameraId("hall")
SUPERSAMPLING = 2  # scenes are painted so many times larger than the picture


@dataclass(frozen=True, slots=True)
class Room:
    """Heights in the picture are fractions of its height, from the top."""

    camera: CameraId
    camera_height: float  # metres above the floor
    horizon: float
    far: float  # where the floor meets the wall
    wall: Colour
    floor: Colour
    tile: float  # metres
    fittings: tuple[tuple[float, float, float, float, Colour], ...]  # on the wall
    gain: Colour  # white balance and exposure, in percent a channel
    blur: float  # pixels
    noise: float  # standard deviation, of 255

    def pixels_per_metre(self, foot: float, height: int) -> float:
        """Of what stands on the floor at this height in a picture so many pixels high."""
        return (foot - self.horizon) * height / self.camera_height


# left, top, right, bottom and colour of what is on the wall, in order of painting
_DOOR = (
    (0.055, 0.10, 0.235, 0.60, (176, 168, 154)),  # its frame
    (0.070, 0.13, 0.220, 0.60, (142, 118, 92)),
    (0.088, 0.17, 0.202, 0.34, (132, 109, 84)),
    (0.088, 0.39, 0.202, 0.57, (132, 109, 84)),
    (0.206, 0.35, 0.214, 0.38, (206, 202, 190)),  # its handle
    (0.600, 0.12, 0.880, 0.34, (150, 120, 84)),  # a board with papers
    (0.608, 0.135, 0.872, 0.325, (176, 156, 120)),
    (0.630, 0.16, 0.690, 0.29, (226, 222, 212)),
    (0.715, 0.17, 0.790, 0.26, (208, 216, 222)),
    (0.815, 0.18, 0.855, 0.30, (228, 214, 190)),
)
_HALL = (
    (0.095, 0.05, 0.455, 0.38, (206, 208, 208)),  # a window
    (0.107, 0.07, 0.270, 0.36, (226, 234, 240)),
    (0.280, 0.07, 0.443, 0.36, (220, 230, 238)),
    (0.640, 0.09, 0.800, 0.33, (92, 96, 100)),  # a picture
    (0.648, 0.104, 0.792, 0.316, (150, 166, 168)),
    (0.648, 0.22, 0.792, 0.316, (118, 136, 118)),
)
ROOMS = (
    Room(DOOR, 2.9, -0.02, 0.60, (200, 194, 182), (136, 118, 100), 0.6, _DOOR, (104, 100, 92), 0.55, 2.6),
    Room(HALL, 2.2, 0.00, 0.66, (170, 182, 184), (152, 152, 148), 0.45, _HALL, (89, 92, 98), 0.70, 3.4),
)


def backdrop(room: Room, size: tuple[int, int], rng: np.random.Generator) -> Image:
    """The empty room, supersampled."""
    width, height = (side * SUPERSAMPLING for side in size)
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    far = round(room.far * height)
    scene: NDArray[np.float32] = np.tile(np.array(room.wall, dtype=np.float32), (height, width, 1))
    for left, top, right, bottom, colour in room.fittings:
        rows = slice(round(top * height), round(bottom * height))
        scene[rows, round(left * width) : round(right * width)] = colour
    scene *= (1.06 - 0.30 * np.abs(x / width - 0.4) ** 1.5 - 0.10 * y / height)[..., None]  # a lamp, left of the middle
    scene[far - round(0.024 * height) : far] *= 0.78  # skirting board
    scene[far:] = _floor(room, x, y, width, height)[far:]
    under_wall = scene[far : far + height // 20]
    under_wall *= np.linspace(0.82, 1, len(under_wall), dtype=np.float32)[:, None, None]
    scene *= (1 + 0.010 * _grain(width, height, 90, rng) + 0.012 * _grain(width, height, 4, rng))[..., None]
    corners = ((x / width - 0.5) ** 2 + (y / height - 0.5) ** 2)[..., None]
    return np.clip(cv2.GaussianBlur(scene * (1.04 - 0.30 * corners), (0, 0), 1.0), 0, 255).astype(np.uint8)


def develop(scene: Image, room: Room, size: tuple[int, int], rng: np.random.Generator) -> Image:
    """What the room's camera makes of a supersampled scene."""
    small = cv2.GaussianBlur(cv2.resize(scene, size, interpolation=cv2.INTER_AREA), (0, 0), room.blur)
    picture = np.multiply(small, np.array(room.gain, dtype=np.float32) / 100)
    picture += rng.standard_normal((*picture.shape[:2], 1), dtype=np.float32) * room.noise
    return np.clip(picture, 0, 255).astype(np.uint8)


def _floor(room: Room, x: NDArray[np.float32], y: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    """Tiles in perspective, duller with distance."""
    scale = np.maximum(y - room.horizon * height, 1) / room.camera_height  # pixels a metre
    across = (x - width / 2) / scale / room.tile
    # the focal length of a lens that sees about 60 degrees
    away = 0.87 * width / scale / room.tile
    near = np.clip((y / height - room.far) / (1 - room.far), 0, 1)
    joint = (np.minimum(across % 1, away % 1) < 0.035) * (0.05 + 0.05 * near)
    checker = ((np.floor(across) + np.floor(away)) % 2) * 0.05
    light = 0.84 + 0.20 * near - joint - checker
    return np.asarray(np.array(room.floor, dtype=np.float32) * light[..., None])


def _grain(width: int, height: int, size: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Smooth noise of about this size in pixels."""
    small = rng.standard_normal((height // size + 2, width // size + 2), dtype=np.float32)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.float32)
