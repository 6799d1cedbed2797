"""A tracker run over recorded detections: MOTChallenge's folders in, a result to evaluate out; no pictures."""

from collections.abc import Mapping
from configparser import ConfigParser
from configparser import Error as NotIni
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np

from reid_core.errors import DataSetInvalid
from reid_core.evaluation.tracking import motchallenge
from reid_core.evaluation.tracking.motchallenge import Listing
from reid_core.evaluation.tracking.scene import rows_of_frames
from reid_core.geometry import Box
from reid_core.options import PluginUse
from reid_core.protocols import Tracker
from reid_core.records import CameraId, Detection, Epoch, Frame, Image
from reid_core.registry import build

_NO_PICTURE: Image = np.zeros((1, 1, 3), np.uint8)


class Recording(NamedTuple):
    name: str
    rate: float  # frames a second
    detections: tuple[tuple[Detection, ...], ...]  # of each frame, from the first
    truth: Listing


def recordings(folder: Path) -> tuple[Recording, ...]:
    """Of each NAME/ with det/det.txt, gt/gt.txt and seqinfo.ini in it."""
    found = tuple(_recording(path.parent.parent) for path in sorted(folder.glob("*/det/det.txt")))
    if not found:
        raise DataSetInvalid(f"{folder}: expected folders with det/det.txt, gt/gt.txt and seqinfo.ini in them")
    return found


def followed(tracker: str, options: Mapping[str, Any], recording: Recording) -> Listing:
    """What the tracker of this name says; a picture is not there, so compensation and looks must be off."""
    follower = cast(Tracker, build("trackers", PluginUse(use=tracker, options=dict(options))))
    rows = []
    for index, seen in enumerate(recording.detections):
        frame = Frame(CameraId(recording.name), Epoch("recorded"), index, index / recording.rate, _NO_PICTURE)
        for track in follower.update(frame, seen):
            box = track.box
            rows.append((index + 1, track.id, box.left, box.top, box.right, box.bottom, track.score))
    table = np.array(rows, dtype=np.float64).reshape(-1, 7)
    frames, ids = table[:, 0].astype(np.int64), table[:, 1].astype(np.int64)
    return Listing(frames, ids, table[:, 2:6], table[:, 6], np.full(len(table), motchallenge.NO_CLASS))


def _recording(folder: Path) -> Recording:
    info = ConfigParser()
    try:
        info.read_string((folder / "seqinfo.ini").read_text(encoding="utf-8"))
        rate, frames = info.getfloat("Sequence", "frameRate"), info.getint("Sequence", "seqLength")
    except OSError as error:
        raise DataSetInvalid(f"{folder / 'seqinfo.ini'}: cannot read it: {error.strerror}") from error
    except (NotIni, ValueError) as error:
        what = " ".join(str(error).split())
        raise DataSetInvalid(f"{folder / 'seqinfo.ini'}: expected frameRate and seqLength: {what}") from error
    found = motchallenge.read(folder / "det" / "det.txt", unique=False)
    if rate <= 0 or frames < found.frame.max(initial=0):
        raise DataSetInvalid(f"{folder}: frameRate {rate:g}, seqLength {frames}: det.txt goes on to {found.frame[-1]}")
    every_frame = np.arange(1, frames + 1)
    detections = tuple(
        tuple(
            Detection(Box(*edges), score)
            for edges, score in zip(found.boxes[here].tolist(), found.score[here].tolist(), strict=True)
        )
        for _, here in rows_of_frames(every_frame, found.frame)
    )
    return Recording(folder.name, rate, detections, motchallenge.read(folder / "gt" / "gt.txt"))
