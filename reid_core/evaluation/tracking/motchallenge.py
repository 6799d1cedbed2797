"""MOTChallenge's text files, and its rules of what counts.

A line is frame, id, left, top, width, height, score[, class, visibility]; in the truth, a score of 0 means "leave it
out". A result that lies on a distractor (somebody sitting in a car, a reflection) counts neither way.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reid_core.assignment import assign
from reid_core.errors import DataSetInvalid
from reid_core.evaluation.tracking.scene import Moment, Scene, rows_of_frames
from reid_core.geometry import Boxes, iou

PEDESTRIAN = 1
NO_CLASS = -1
DISTRACTORS = (2, 7, 8, 12)  # person on vehicle, static person, distractor, reflection
MOT20_DISTRACTORS = (*DISTRACTORS, 6)  # also a vehicle without a motor

_MATCHED = 0.5  # overlap from which a result lies on a distractor
_EPSILON = float(np.finfo(np.float64).eps)


class Listing(NamedTuple):
    """One file: rows in order of frame."""

    frame: NDArray[np.int64]
    id: NDArray[np.int64]
    boxes: Boxes
    score: NDArray[np.float64]
    kind: NDArray[np.int64]  # -1 where the file has no classes


def read(path: Path, unique: bool = True) -> Listing:
    """Unique: no id may be in a frame twice. Detections have none."""
    try:
        table = np.loadtxt(path, delimiter=",", ndmin=2, dtype=np.float64) if path.stat().st_size else np.empty((0, 7))
    except OSError as error:
        raise DataSetInvalid(f"{path}: cannot read it: {error.strerror}") from error
    except ValueError as error:
        raise DataSetInvalid(f"{path}: expected frame,id,left,top,width,height,score per line: {error}") from error
    if table.shape[1] < 6:
        raise DataSetInvalid(f"{path}: expected at least 6 numbers a line, found {table.shape[1]}")
    if not np.isfinite(table).all():
        raise DataSetInvalid(f"{path}: line {np.isfinite(table).all(1).argmin() + 1} holds a number that is not finite")
    table = table[np.argsort(table[:, 0], kind="stable")]
    frame, identity = table[:, 0].astype(np.int64), table[:, 1].astype(np.int64)
    _, counts = np.unique(np.stack((frame, identity)), axis=1, return_counts=True)
    if unique and counts.max(initial=0) > 1:
        doubled = np.unique(np.stack((frame, identity)), axis=1)[:, counts.argmax()]
        raise DataSetInvalid(f"{path}: frame {doubled[0]} has the id {doubled[1]} more than once")
    boxes = table[:, 2:6].copy()
    boxes[:, 2:] += boxes[:, :2]
    score = table[:, 6] if table.shape[1] > 6 else np.ones(len(table))
    kind = table[:, 7].astype(np.int64) if table.shape[1] > 7 else np.full(len(table), NO_CLASS)
    return Listing(frame, identity, boxes, score, kind)


def compare(truth: Listing, result: Listing, distractors: tuple[int, ...] = DISTRACTORS) -> Scene:
    """What is to be counted of a result, frame by frame. Truth without classes (MOT15) has no distractors."""
    classed = bool((truth.kind != NO_CLASS).any())
    counts = truth.score != 0.0
    if classed:
        counts &= truth.kind == PEDESTRIAN
    distracting = np.isin(truth.kind, distractors) & classed
    moments: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]] = []
    for here, found in rows_of_frames(truth.frame, result.frame):
        overlap = iou(truth.boxes[here], result.boxes[found])
        valid = np.ones(overlap.shape[1], np.bool_)
        if distracting[here].any() and overlap.size:
            near = np.where(overlap >= _MATCHED - _EPSILON, overlap, 0.0)
            rows, columns = assign(-near, 0.0)
            valid[columns[distracting[here][rows]]] = False
        kept = counts[here]
        moments.append((truth.id[here][kept], result.id[found][valid], overlap[kept][:, valid]))
    truths, truth_index = _numbered([each[0] for each in moments])
    results, result_index = _numbered([each[1] for each in moments])
    return Scene(
        tuple(Moment(*each) for each in zip(truth_index, result_index, (m[2] for m in moments), strict=True)),
        truths,
        results,
    )


def _numbered(ids: list[NDArray[np.int64]]) -> tuple[NDArray[np.int64], list[NDArray[np.intp]]]:
    """Ids as they are, and each frame's as places among them."""
    if not ids:
        return np.empty(0, np.int64), []
    known, places = np.unique(np.concatenate(ids), return_inverse=True)
    return known, np.split(places, np.cumsum([len(each) for each in ids])[:-1])
