"""How many people a detector finds, how many that are none, how well its boxes lie, and how long it takes.

On the drawn walkers, whose truth is known: these are figures about drawings. With RESTRIDE_DATA set, yolox_nano looks
at the same pictures through the plugin `onnx`, and both at real clips; nobody labelled those, so there YOLOX (score
0.5 and up) is taken for the truth and the figures only say how far others agree with it.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from benchmarks.clips import NO_DATA, Clip, real_clips, real_data, walkers, yolox
from benchmarks.reporting import Report, Value, arguments
from plugins.detectors.hog import HogDetector
from plugins.detectors.onnx import OnnxDetector
from reid_core.geometry import Box, iou, stack
from reid_core.protocols import Detector
from reid_core.records import Detection, Frame

FOUND = 0.5  # overlap of a box with the person
NEARLY = 0.3  # a box that overlaps anybody so much is none of the false ones
COUNTED = 0.7  # the visible part of a person that must be found; of others nobody is asked
SURE = 0.6  # score from which the tracker lets a detection begin or move a track before all others
JUDGE = 0.5  # score of YOLOX where it stands in for the truth


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    frame: Frame
    wanted: list[Box]  # the people to be found
    others: list[Box]  # those half hidden, whom to find is neither right nor wrong


def drawn(clips: Iterable[Clip], every: int) -> list[Picture]:
    return [
        Picture(
            frame,
            [each.box for each in clip.truth[frame.index] if each.visible >= COUNTED],
            [each.box for each in clip.truth[frame.index] if each.visible < COUNTED],
        )
        for clip in clips
        for frame in clip.frames()
        if frame.index % every == 0
    ]


def judged(frames: Iterable[Frame], judge: Detector) -> list[Picture]:
    """With what the judge says in place of the truth."""
    pictures = []
    for frame in frames:
        [found] = judge.detect([frame])
        sure, weak = split(found, JUDGE)
        pictures.append(Picture(frame, sure, weak))
    return pictures


def split(found: Sequence[Detection], score: float) -> tuple[list[Box], list[Box]]:
    """The boxes from this score on, and those below."""
    return [each.box for each in found if each.score >= score], [each.box for each in found if each.score < score]


def scores(pictures: Sequence[Picture], found: Sequence[Sequence[Box]]) -> tuple[Value, Value, Value]:
    """Recall, false boxes a frame, and the mean overlap of a found person with its box; None where nobody was."""
    overlaps: list[float] = []
    false = 0
    for picture, boxes in zip(pictures, found, strict=True):
        if boxes:
            table = iou(stack(boxes), stack([*picture.wanted, *picture.others]))
            false += int((table.max(axis=1, initial=0.0) < NEARLY).sum())
            overlaps += one_to_one(table[:, : len(picture.wanted)])
    people = sum(len(picture.wanted) for picture in pictures)
    recall = len(overlaps) / people if people else None
    return recall, false / len(pictures), float(np.mean(overlaps)) if overlaps else None


def one_to_one(table: np.ndarray) -> list[float]:
    """The overlaps of the pairs, the greatest first; no box and no person twice."""
    table, pairs = table.copy(), []
    while table.size and (best := float(table.max())) >= FOUND:
        row, column = np.unravel_index(table.argmax(), table.shape)
        table[row], table[:, column] = 0.0, 0.0
        pairs.append(best)
    return pairs


def measure(name: str, detector: Detector, clips: str, pictures: Sequence[Picture], report: Report) -> None:
    detector.detect([pictures[0].frame])  # warm
    found, took = [], []
    for picture in pictures:
        begin = time.perf_counter()
        found += detector.detect([picture.frame])
        took.append(1000 * (time.perf_counter() - begin))
    people = sum(len(picture.wanted) for picture in pictures)
    for score in (0.0, SURE):
        figures = scores(pictures, [split(each, score)[0] for each in found])
        report.row(name, clips, len(pictures), people, score, *figures, float(np.median(took)))


def main() -> None:
    parser = arguments("detectors", __doc__)
    parser.add_argument("--seeds", type=int, default=4, help="worlds of walkers")
    parser.add_argument("--seconds", type=float, default=20.5, help="of each")
    parser.add_argument("--every", type=int, default=5, help="look at each so-manieth picture")
    parser.add_argument("--frames", type=int, default=100, help="of each real clip")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    columns = ("clips", "frames", "people", "score from", "recall", "false a frame", "mean IoU", "ms a frame")
    report = Report("detectors", "detector", *columns, libraries=("numpy", "opencv-python-headless", "onnxruntime"))
    hogs = {
        "hog": HogDetector(HogDetector.Options()),
        "hog, min_height 48": HogDetector(HogDetector.Options(min_height=48)),
    }
    with TemporaryDirectory() as folder:
        pictures = drawn(walkers(Path(folder), options.seeds, options.seconds), options.every)
    for name, detector in hogs.items():
        measure(name, detector, "walkers (drawn)", pictures, report)
    if data := real_data():
        nano = OnnxDetector(OnnxDetector.Options(path=str(yolox(data)), threads=1))
        measure("onnx, yolox_nano", nano, "walkers (drawn)", pictures, report)
        for clip in real_clips(data):
            frames = islice((frame for frame in clip.frames() if frame.index % options.every == 0), options.frames)
            pictures = judged(frames, nano)
            for name, detector in hogs.items():
                measure(name, detector, f"{clip.camera} (agreement with YOLOX)", pictures, report)
    else:
        report.note(NO_DATA)
    report.note(
        f"found: overlap of {FOUND}; counted: people of whom {COUNTED} is visible; one thread, one frame a call"
    )
    report.note(
        "recall, false a frame and mean IoU on real clips: YOLOX-nano from a score of 0.5 stands in for the truth"
    )
    report.finish(options.json)


if __name__ == "__main__":
    main()
