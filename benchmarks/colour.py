"""How well colour tells people apart, and how often it would accept one person for another at its built-in calibration.

Tracklets come out of the straight line (detector, ByteTrack, cutter) as they do live. On the drawn walkers, whose truth
is known: one person before two cameras, against other people before two cameras. No two people of one cast wear a top
of the same colour, which flatters colour; nobody changes clothes.
With RESTRIDE_DATA set, on real clips, whose people nobody labelled: two pieces of one track that do not touch, against
pieces of two tracks that were there at once, all on one camera; two people whom the tracker takes for one count against
the branch. There OSNet (x0.25, trained on MSMT17) through the plugin `onnx_image` stands beside it.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from benchmarks.clips import FPS, NO_DATA, Clip, real_clips, real_data, walkers, yolox
from benchmarks.reporting import Report, arguments
from plugins.branches.colour import ColourBranch
from plugins.branches.onnx_image import OnnxImageBranch
from plugins.detectors.hog import HogDetector
from plugins.detectors.onnx import OnnxDetector
from reid_core.geometry import Box, iou, stack
from reid_core.protocols import Branch, Detector
from reid_core.records import Tracklet, TrackNumber
from stream.identity.decide import Rules
from stream.pipeline.camera import watch
from stream.pipeline.cutter import Cutter, CutterOptions
from trackers.bytetrack import ByteTrack

SAME_BOX = 0.4  # overlap from which a shot shows the person of the truth
MOVED = 0.5  # heights of the person; tracks that move less are lamp-posts
REAL_SECONDS = 2.0  # of a piece on real clips, so that a walk through the picture gives several


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A tracklet, and who it shows."""

    world: str
    person: str  # on real clips, the track
    tracklet: Tracklet


Kind = Callable[[Piece, Piece], bool | None]  # the same person, two people, or a pair that is not asked about


def within(a: Piece, b: Piece) -> bool | None:
    """Walkers of one cast, before two cameras."""
    return across(a, b) if a.world == b.world else None


def across(a: Piece, b: Piece) -> bool | None:
    """Walkers of all casts, before two cameras."""
    return (a.world, a.person) == (b.world, b.person) if a.tracklet.camera != b.tracklet.camera else None


def real(a: Piece, b: Piece) -> bool | None:
    if a.world != b.world:
        return None
    first, second = sorted((a.tracklet, b.tracklet), key=lambda each: each.begin)
    if a.person == b.person:
        return True if abs(first.id.part - second.id.part) > 1 else None
    return False if second.begin < first.end else None


def pieces(clip: Clip, detector: Detector) -> list[Piece]:
    """What the straight line makes of one clip."""
    options = CutterOptions() if clip.truth else CutterOptions(max_seconds=REAL_SECONDS)
    cut: list[Tracklet] = []
    watch(clip.source(), detector, ByteTrack(ByteTrack.Options()), Cutter(options), cut.append)
    if not clip.truth:
        return [Piece(clip.world, str(each.id.track), each) for each in walking(cut)]
    named = [(person_of(each, clip), each) for each in cut]
    return [Piece(clip.world, person, each) for person, each in named if person]


def person_of(tracklet: Tracklet, clip: Clip) -> str | None:
    """Whom most of its shots show."""
    votes: Counter[str] = Counter()
    for shot in tracklet.shots:
        if seen := clip.truth[round(shot.time * FPS)]:
            overlaps = iou(stack([shot.box]), stack(each.box for each in seen))[0]
            if overlaps.max() >= SAME_BOX:
                votes[seen[int(overlaps.argmax())].person] += 1
    return next((name for name, count in votes.items() if 2 * count > len(tracklet.shots)), None)


def walking(cut: Sequence[Tracklet]) -> list[Tracklet]:
    """Those of tracks that go somewhere."""
    tracks: defaultdict[TrackNumber, list[Box]] = defaultdict(list)
    for each in cut:
        tracks[each.id.track] += [shot.box for shot in each.shots]
    moving = {
        track
        for track, boxes in tracks.items()
        if max(box.left for box in boxes) - min(box.left for box in boxes) > MOVED * boxes[0].height
    }
    return [each for each in cut if each.id.track in moving]


def auc(same: np.ndarray, different: np.ndarray) -> float:
    """How often a pair of one person is more alike than a pair of two; even counts half."""
    ordered = np.sort(different)
    below, not_above = (np.searchsorted(ordered, same, side) for side in ("left", "right"))
    return float((below + not_above).mean() / 2 / len(ordered))


def accepted(same: np.ndarray, different: np.ndarray, rate: float) -> float | None:
    """The share of same pairs above so small a share of the others; None where these are too few to tell."""
    return float((same > np.quantile(different, 1 - rate)).mean()) if len(different) * rate >= 1 else None


def measure(name: str, branch: Branch, clips: str, found: Sequence[Piece], kind: Kind, report: Report) -> None:
    begin = time.perf_counter()
    embedded = branch.embed([each.tracklet for each in found])
    took = 1000 * (time.perf_counter() - begin) / len(found)
    known = [(piece, embedding) for piece, embedding in zip(found, embedded, strict=True) if embedding]
    alike: dict[bool, list[float]] = {True: [], False: []}
    for (a, ours), (b, theirs) in combinations(known, 2):
        if (asked := kind(a, b)) is not None:
            alike[asked].append(float(ours.fused @ theirs.fused))
    same, different = np.array(alike[True]), np.array(alike[False])
    rules = Rules()
    calibration = rules.calibration_for(known[0][1])
    taken = [
        float(np.mean([calibration.probability(each) >= rules.match_probability for each in group]))
        for group in (same, different)
    ]
    at = [accepted(same, different, rate) for rate in (0.01, 0.001)]
    report.row(name, clips, len(found), len(same), len(different), auc(same, different), *at, *taken, took)


def main() -> None:
    parser = arguments("colour", __doc__)
    parser.add_argument("--seeds", type=int, default=10, help="worlds of walkers")
    parser.add_argument("--seconds", type=float, default=20.5, help="of each")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    rates = ("same at 1% false", "same at 0.1% false", "same accepted", "others accepted")
    columns = ("clips", "tracklets", "same pairs", "other pairs", "AUC", *rates, "ms a tracklet")
    report = Report("colour", "branch", *columns, libraries=("numpy", "opencv-python-headless", "onnxruntime"))
    colour = ColourBranch(ColourBranch.Options())
    with TemporaryDirectory() as folder:
        hog = HogDetector(HogDetector.Options())
        found = [each for clip in walkers(Path(folder), options.seeds, options.seconds) for each in pieces(clip, hog)]
    measure("colour", colour, "walkers (drawn), one cast", found, within, report)
    measure("colour", colour, "walkers (drawn), all casts", found, across, report)
    if data := real_data():
        nano = OnnxDetector(OnnxDetector.Options(path=str(yolox(data)), threads=1))
        found = [each for clip in real_clips(data) for each in pieces(clip, nano)]
        osnet = data / "reid" / "osnet_x0_25_msmt17.onnx"
        measure("colour", colour, "two real clips", found, real, report)
        peer = OnnxImageBranch(OnnxImageBranch.Options(path=str(osnet), threads=1))
        measure("onnx_image, OSNet x0.25", peer, "two real clips", found, real, report)
    else:
        report.note(NO_DATA)
    report.note(
        f"accepted: by the calibration that is built in, at a probability of {Rules().match_probability}; the service "
        "asks for more than this (a margin, quality, topology). OSNet has no calibration of its own: the general one"
    )
    report.finish(options.json)


if __name__ == "__main__":
    main()
