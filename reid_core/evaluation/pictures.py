"""The pictures of a report, drawn with OpenCV: the CMC plot, and queries with what they found."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import cv2
import numpy as np

from reid_core.records import Image

Colour = tuple[int, int, int]  # RGB

WHITE, INK, FAINT = (255, 255, 255), (40, 40, 40), (225, 225, 225)
# Told apart by those who do not see red and green alike (Okabe and Ito)
LINES: tuple[Colour, ...] = (
    (0, 114, 178),
    (213, 94, 0),
    (0, 158, 115),
    (204, 121, 167),
    (86, 180, 233),
    (230, 159, 0),
    (90, 90, 90),
)


@dataclass(frozen=True, slots=True)
class Curve:
    name: str
    values: tuple[float, ...]  # share found within ranks 1, 2, ...


def cmc_plot(title: str, curves: Sequence[Curve], width: int = 900, height: int = 560) -> Image:
    left, top, right, bottom = 70, 50, width - 30, height - 60
    picture = np.full((height, width, 3), WHITE, dtype=np.uint8)
    ranks = max((len(curve.values) for curve in curves), default=1)
    lowest = min((min(curve.values) for curve in curves if curve.values), default=0.0)
    floor = max(0.0, np.floor(lowest * 10 - 1e-9) / 10)

    def point(rank: float, share: float) -> tuple[int, int]:
        across = (rank - 1) / max(1, ranks - 1)
        up = (share - floor) / (1 - floor)
        return round(left + across * (right - left)), round(bottom - up * (bottom - top))

    for share in np.linspace(floor, 1, max(2, round((1 - floor) * 10) + 1)):
        _, y = point(1, float(share))
        cv2.line(picture, (left, y), (right, y), FAINT, 1)
        _write(picture, f"{share:.0%}", (left - 8, y + 5), to_left=True)
    for rank in sorted({1, *range(5, ranks + 1, 5)} if ranks <= 60 else {1, *range(20, ranks + 1, 20)}):
        x, _ = point(rank, floor)
        cv2.line(picture, (x, bottom), (x, bottom + 5), INK, 1)
        _write(picture, str(rank), (x, bottom + 22), centred=True)
    cv2.rectangle(picture, (left, top), (right, bottom), INK, 1)
    _write(picture, title, (left, top - 18), size=0.6)
    _write(picture, "share of queries with a match within this rank", ((left + right) // 2, height - 14), centred=True)
    for number, curve in enumerate(curves):
        colour = LINES[number % len(LINES)]
        points = np.array([point(rank, share) for rank, share in enumerate(curve.values, 1)], dtype=np.int32)
        cv2.polylines(picture, [points.reshape(-1, 1, 2)], False, colour, 2, cv2.LINE_AA)
        if len(points):
            cv2.circle(picture, (int(points[0, 0]), int(points[0, 1])), 4, colour, -1, cv2.LINE_AA)
        y = bottom - 18 - 22 * (len(curves) - 1 - number)
        cv2.line(picture, (right - 330, y - 5), (right - 300, y - 5), colour, 3, cv2.LINE_AA)
        first = f"{curve.values[0]:.1%} at rank 1" if curve.values else "no query"
        _write(picture, f"{curve.name}: {first}", (right - 292, y))
    return picture


class Frame(Enum):
    QUERY = (40, 40, 40)
    RIGHT = (30, 160, 60)
    WRONG = (210, 40, 40)
    DROPPED = (165, 165, 165)


MARKS = {Frame.QUERY: "query", Frame.RIGHT: "right", Frame.WRONG: "wrong", Frame.DROPPED: "dropped"}


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    image: Image
    label: str  # who, on which camera: one short line
    frame: Frame


CELL, TALL, BORDER, GAP, TEXT = 96, 192, 4, 8, 34


def retrieval_picture(title: str, rows: Sequence[Sequence[Shown]]) -> Image:
    """A row for each query: itself, then what it found in order. Every picture keeps its own shape."""
    columns = max((len(row) for row in rows), default=1)
    step_x, step_y = CELL + GAP, TALL + TEXT + GAP
    height, width = 70 + len(rows) * step_y, max(520, GAP + columns * step_x + 2 * GAP)
    picture = np.full((height, width, 3), WHITE, dtype=np.uint8)
    _write(picture, title, (GAP, 24), size=0.6)
    _write(picture, "query, then the nearest; green = right, red = wrong, grey = does not count", (GAP, 48))
    for number, row in enumerate(rows):
        for column, shown in enumerate(row):
            # a little more room behind the query
            left, top = GAP + column * step_x + (2 * GAP if column else 0), 62 + number * step_y
            _put(picture, shown, left, top)
    return picture


def _put(picture: Image, shown: Shown, left: int, top: int) -> None:
    cell = picture[top : top + TALL, left : left + CELL]
    cell[:] = shown.frame.value
    inner = cell[BORDER:-BORDER, BORDER:-BORDER]
    inner[:] = (245, 245, 245)
    high, wide = shown.image.shape[:2]
    scale = min(inner.shape[0] / high, inner.shape[1] / wide)
    size = (max(1, round(wide * scale)), max(1, round(high * scale)))
    small = cv2.resize(shown.image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    y, x = (inner.shape[0] - size[1]) // 2, (inner.shape[1] - size[0]) // 2
    inner[y : y + size[1], x : x + size[0]] = small
    if shown.frame is Frame.DROPPED:
        inner[:] = inner // 2 + 110  # pale
    _write(picture, shown.label, (left, top + TALL + 13), size=0.38)
    _write(picture, MARKS[shown.frame], (left, top + TALL + 27), size=0.38, colour=shown.frame.value)


def _write(
    picture: Image,
    text: str,
    where: tuple[int, int],
    size: float = 0.45,
    colour: Colour = INK,
    centred: bool = False,
    to_left: bool = False,
) -> None:
    text = text.encode("ascii", "replace").decode()  # OpenCV's own letters are no more than these
    (wide, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, 1)
    x = where[0] - (wide // 2 if centred else wide if to_left else 0)
    cv2.putText(picture, text, (x, where[1]), cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)
