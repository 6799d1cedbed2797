"""A walking person as tapered capsules in space, painted from one side with soft light.

Lengths are fractions of the body height until painted; forward, up and side are the body's own axes.
"""

from dataclasses import dataclass
from math import cos, exp, pi, sin

import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int]  # RGB
Point = tuple[float, float, float]  # forward, up, side

LIGHT = np.array([-0.40, 0.68, 0.61])  # where it comes from: left, above, before the picture
AMBIENT = 0.52
STRIDE = 0.82  # ground covered in one gait cycle, in body heights


@dataclass(frozen=True, slots=True)
class Look:
    """What makes one person different from the next."""

    height: float  # metres
    build: float  # 1 is average; times every thickness
    skin: Colour
    hair: Colour
    top: Colour
    stripe: Colour | None  # second colour of the top
    legs: Colour
    shoes: Colour
    bag: Colour | None = None  # a backpack
    long_hair: bool = False
    long_sleeves: bool = False
    skirt: bool = False  # of the colour of the legs


@dataclass(frozen=True, slots=True)
class Part:
    """A capsule from begin to end whose radius tapers."""

    begin: Point
    end: Point
    radii: tuple[float, float]
    colour: Colour
    stripe: Colour | None = None
    hem: bool = False  # cut off straight at its end


@dataclass(frozen=True, slots=True, eq=False)
class Sprite:
    """A painted figure: colours already multiplied by alpha, and where its feet stand in the picture."""

    colour: NDArray[np.float32]  # (H, W, 3) 0 to 255
    alpha: NDArray[np.float32]  # (H, W) 0 to 1
    foot: tuple[float, float]  # x, y in pixels
    height: float  # of the person when it stands, in pixels


def paint(look: Look, phase: float, heading: float, height: float) -> Sprite:
    """The person at `phase` (0 to 1) of the gait cycle, `height` pixels tall.

    heading: radians; 0 walks to the right, pi to the left, pi/2 towards the camera.
    """
    half, above, below = int(height * 0.42), int(height * 1.06), int(height * 0.06)
    shape = (above + below, 2 * half)
    colour = np.zeros((*shape, 3), dtype=np.float32)
    alpha = np.zeros(shape, dtype=np.float32)
    nearest = np.full(shape, -np.inf, dtype=np.float32)
    for part in _parts(look, phase):
        _paint_part(part, heading, height, (half, above), colour, alpha, nearest)
    return Sprite(colour * alpha[..., None], alpha, (float(half), float(above)), height)


def _paint_part(
    part: Part,
    heading: float,
    scale: float,
    foot: tuple[int, int],
    colour: NDArray[np.float32],
    alpha: NDArray[np.float32],
    nearest: NDArray[np.float32],
) -> None:
    a, b = (_project(point, heading) * scale for point in (part.begin, part.end))
    radius_a, radius_b = (radius * scale for radius in part.radii)
    reach = max(radius_a, radius_b) + 1
    left = max(int(foot[0] + min(a[0], b[0]) - reach), 0)
    right = min(int(foot[0] + max(a[0], b[0]) + reach) + 1, alpha.shape[1])
    top = max(int(foot[1] - max(a[1], b[1]) - reach), 0)
    bottom = min(int(foot[1] - min(a[1], b[1]) + reach) + 1, alpha.shape[0])
    x = np.arange(left, right, dtype=np.float32)[None, :] - foot[0]
    y = foot[1] - np.arange(top, bottom, dtype=np.float32)[:, None]
    along = b[:2] - a[:2]
    t = ((x - a[0]) * along[0] + (y - a[1]) * along[1]) / max(float(along @ along), 1e-6)
    beyond = part.hem & (t > 1)
    t = np.clip(t, 0, 1)
    radius = radius_a + t * (radius_b - radius_a)
    dx, dy = x - (a[0] + t * along[0]), y - (a[1] + t * along[1])
    off_axis = np.hypot(dx, dy)
    bulge = np.sqrt(np.maximum(radius**2 - off_axis**2, 0))  # how far the surface stands out of the axis
    lit = np.maximum((dx * LIGHT[0] + dy * LIGHT[1] + bulge * LIGHT[2]) / radius, 0)
    shade = AMBIENT + (1.06 - AMBIENT) * lit
    depth = a[2] + t * (b[2] - a[2]) + bulge
    inside = np.where(beyond, 0, np.clip(radius - off_axis + 0.5, 0, 1))  # anti-aliased
    window = (slice(top, bottom), slice(left, right))
    front = (inside > 0) & ((depth > nearest[window]) | (alpha[window] < inside))
    base = np.broadcast_to(np.array(part.colour, dtype=np.float32), (*t.shape, 3))
    if part.stripe is not None:
        base = np.where(((t * 9) % 2 < 1)[..., None], base, np.array(part.stripe, dtype=np.float32))
    cover = (inside * front)[..., None]
    # a soft edge blends into the body part behind it, not into nothing
    behind = np.where((alpha[window] > 0)[..., None], colour[window], base * shade[..., None])
    colour[window] = np.where(front[..., None], cover * base * shade[..., None] + (1 - cover) * behind, colour[window])
    alpha[window] = np.maximum(alpha[window], inside)
    nearest[window] = np.where(front & (inside > 0.5), depth, nearest[window])


def _project(point: Point, heading: float) -> NDArray[np.float64]:
    """Right, up, towards the camera."""
    forward, up, side = point
    return np.array([forward * cos(heading) - side * sin(heading), up, forward * sin(heading) + side * cos(heading)])


def _parts(look: Look, phase: float) -> list[Part]:
    left, right = _leg(phase), _leg(phase + 0.5)
    rise = -min(point[1] for leg in (left, right) for point in leg[2:]) + 0.016  # the lower foot stands on the ground
    lean, b = 0.02, look.build
    parts: list[Part] = []
    for side, leg, swing in ((1.0, left, phase + 0.5), (-1.0, right, phase)):
        hip, knee, ankle, heel, toe = ((x, y + rise, side * s) for x, y, s in _spread(leg))
        parts += [
            Part(hip, knee, (0.058 * b, 0.042 * b), look.skin if look.skirt else look.legs),
            Part(knee, ankle, (0.039 * b, 0.028 * b), look.skin if look.skirt else look.legs),
            Part(heel, toe, (0.024, 0.019), look.shoes),
            *_arm(look, side, swing, rise, lean),
        ]
    for side in (-1.0, 1.0):
        chest, waist = (lean, 0.765 + rise, side * 0.062), (lean / 2, 0.625 + rise, side * 0.042)
        pelvis = (0.0, 0.525 + rise, side * 0.044)
        parts += [
            Part(chest, waist, (0.066 * b, 0.058 * b), look.top, look.stripe),
            Part(waist, pelvis, (0.060 * b, 0.066 * b), look.top, look.stripe),
            Part((lean, 0.79 + rise, 0), (lean, 0.783 + rise, side * 0.095), (0.05 * b, 0.038 * b), look.top),
            Part(pelvis, (0.0, 0.50 + rise, side * 0.046), (0.062 * b, 0.064 * b), look.legs),
        ]
        if look.skirt:
            knees = (0.02, 0.31 + rise, side * 0.05)
            parts.append(Part((0.0, 0.56 + rise, side * 0.04), knees, (0.056 * b, 0.105 * b), look.legs, hem=True))
    if look.bag:
        parts.append(Part((-0.085, 0.76 + rise, 0), (-0.09, 0.60 + rise, 0), (0.062, 0.07), look.bag))
    return parts + _head(look, rise, lean)


def _spread(leg: tuple[tuple[float, float], ...]) -> list[Point]:
    """Feet stand closer together than hips."""
    return [(x, y, side) for (x, y), side in zip(leg, (0.050, 0.046, 0.040, 0.038, 0.052), strict=True)]


def _leg(phase: float) -> tuple[tuple[float, float], ...]:
    """Hip, knee, ankle, heel and toe, forward and up, with the hip at its height when standing."""
    p = phase % 1.0
    hip = 0.12 + 0.42 * cos(2 * pi * p)  # radians, forward; phase 0 is the heel's strike
    knee = 0.10 + 0.22 * _bump(p, 0.14, 0.09) + 1.0 * _bump(p, 0.72, 0.11)
    foot = 0.18 * _bump(p, 0.0, 0.07) - 0.85 * _bump(p, 0.64, 0.09)  # toes up at the strike, heel up at the push
    x, y = 0.0, 0.515
    points = [(x, y)]
    for length, angle in ((0.245, hip), (0.235, hip - knee)):
        x, y = x + length * sin(angle), y - length * cos(angle)
        points.append((x, y))
    for along, down in ((-0.030, -0.022), (0.098, -0.026)):
        points.append((x + along * cos(foot) - down * sin(foot), y + down * cos(foot) + along * sin(foot)))
    return tuple(points)


def _arm(look: Look, side: float, phase: float, rise: float, lean: float) -> list[Part]:
    swing = 0.02 + 0.38 * cos(2 * pi * phase)
    bend = 0.30 + 0.14 * cos(2 * pi * phase)
    shoulder = (lean, 0.785 + rise, side * 0.118)
    elbow = _step(shoulder, 0.165, swing, side * 0.016)
    wrist = _step(elbow, 0.135, swing + bend, side * -0.004)
    hand = _step(wrist, 0.045, swing + bend + 0.1, 0.0)
    b, sleeve = look.build, look.top if look.long_sleeves else look.skin
    middle: Point = (
        (shoulder[0] + elbow[0]) / 2,
        (shoulder[1] + elbow[1]) / 2,
        (shoulder[2] + elbow[2]) / 2,
    )
    return [
        Part(shoulder, middle, (0.038 * b, 0.034 * b), look.top),
        Part(middle, elbow, (0.032 * b, 0.028 * b), sleeve),
        Part(elbow, wrist, (0.027 * b, 0.021 * b), sleeve),
        Part(wrist, hand, (0.018, 0.020), look.skin),
    ]


def _head(look: Look, rise: float, lean: float) -> list[Part]:
    x, y = lean + 0.012, rise
    parts = [
        Part((lean, 0.80 + y, 0), (x, 0.88 + y, 0), (0.034, 0.030), look.skin),
        Part((x + 0.012, 0.893 + y, 0), (x + 0.008, 0.935 + y, 0), (0.040, 0.050), look.skin),
        Part((x + 0.050, 0.912 + y, 0), (x + 0.056, 0.905 + y, 0), (0.010, 0.010), look.skin),
        Part((x - 0.012, 0.938 + y, 0), (x + 0.004, 0.946 + y, 0), (0.054, 0.054), look.hair),
    ]
    if look.long_hair:
        parts.append(Part((x - 0.022, 0.93 + y, 0), (x - 0.034, 0.82 + y, 0), (0.050, 0.040), look.hair))
    return parts


def _step(start: Point, length: float, angle: float, outwards: float) -> Point:
    return (start[0] + length * sin(angle), start[1] - length * cos(angle), start[2] + outwards)


def _bump(phase: float, centre: float, width: float) -> float:
    """A bell over the cycle, which closes on itself."""
    away = (phase - centre + 0.5) % 1.0 - 0.5
    return exp(-((away / width) ** 2))
