"""How well and how fast our trackers follow the people of MOT17, given the same detections as everybody.

With RESTRIDE_DATA set: the second halves of MOT17-02, 05, 09 and 11, YOLOX-x detections from a score of 0.1. Time is
that of update() alone, one thread, the fastest of several passes, which the trackers run in turn. Scores are those of
`restride-lab track evaluate`, which equal TrackEval's. The default was tuned on 02 and 05 only; 09 and 11 show what
that is worth elsewhere. `--peer PYTHON` names the interpreter of another environment that has the package `trackers`
of PyPI, whose ByteTrack then stands beside ours. Never install that one here: it shadows ours.
"""

import json
import subprocess
import time
from collections.abc import Sequence
from functools import reduce
from operator import add
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.clips import NO_DATA, real_data
from benchmarks.reporting import Report, arguments
from reid_core.evaluation.tracking.follow import Recording, recordings
from reid_core.evaluation.tracking.motchallenge import NO_CLASS, Listing, compare, read
from reid_core.evaluation.tracking.report import Figures, figures
from reid_core.geometry import Boxes
from reid_core.options import PluginUse
from reid_core.protocols import Tracker
from reid_core.records import CameraId, Epoch, Frame, Image
from reid_core.registry import build
from trackers.botsort import BotSort
from trackers.restride import Restride

LEAST_SCORE = 0.1
HERE = Path(__file__).parent
MOVED = "+ camera motion"  # the affines of the data set, computed once by others, belong to each frame
NAMES = ("sort", "bytetrack", "ocsort", "deepsort", "botsort", f"botsort {MOVED}", "restride", f"restride {MOVED}")
TUNED_ON = ("MOT17-02", "MOT17-05")
NOTHING: Image = np.zeros((4, 4, 3), np.uint8)  # nobody looks at it


def above(recording: Recording) -> Recording:
    """Without the detections that the peers are not given either."""
    kept = tuple(tuple(each for each in found if each.score >= LEAST_SCORE) for found in recording.detections)
    return recording._replace(detections=kept)


def motions(folder: Path, frames: int) -> NDArray[np.float64]:
    """(frames, 2, 3): the file is of the whole sequence, of which ours is the end."""
    return np.asarray(np.loadtxt(folder / "gmc_full.txt")[-frames:, 1:].reshape(-1, 2, 3))


def made(name: str, moved: NDArray[np.float64]) -> Tracker:
    if not name.endswith(MOVED):
        tracker: Tracker = build("trackers", PluginUse(use=name))
        return tracker

    def motion(frame: Frame, _: Boxes) -> NDArray[np.float64]:
        return np.asarray(moved[frame.index])

    if name.startswith("botsort"):
        return BotSort(BotSort.Options(), motion)
    return Restride(Restride.Options(), motion)


def follow(tracker: Tracker, recording: Recording) -> tuple[float, Listing]:
    """The seconds of update(), and what it gave."""
    seconds, rows = 0.0, []
    for index, detections in enumerate(recording.detections):
        frame = Frame(CameraId(recording.name), Epoch("mot17"), index, index / recording.rate, NOTHING)
        begin = time.perf_counter()
        tracks = tracker.update(frame, detections)
        seconds += time.perf_counter() - begin
        for each in tracks:
            edges = (each.box.left, each.box.top, each.box.right, each.box.bottom)
            rows.append((index + 1, each.id, *edges, each.score))
    table = np.array(rows).reshape(-1, 7)
    frames, ids = table[:, 0].astype(np.int64), table[:, 1].astype(np.int64)
    return seconds, Listing(frames, ids, table[:, 2:6], table[:, 6], np.full(len(table), NO_CLASS))


def peer(python: Path, sequences: Sequence[Recording], passes: int, out: Path) -> tuple[str, float]:
    """Version and frames a second of the other package, measured by its own interpreter."""
    boxes = {
        each.name: {
            "fps": each.rate,
            "frames": [
                [(it.box.left, it.box.top, it.box.right, it.box.bottom, it.score) for it in found]
                for found in each.detections
            ],
        }
        for each in sequences
    }
    given = json.dumps({"sequences": boxes, "passes": passes, "out": str(out)})
    # isolated: neither this folder nor ours may lend the other environment a package named `trackers`
    command = [str(python), "-I", str(HERE / "peer_bytetrack.py")]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{python} peer_bytetrack.py failed:\n{done.stderr}")
    said = json.loads(done.stdout.splitlines()[-1])
    return str(said["version"]), sum(len(each.detections) for each in sequences) / float(said["seconds"])


def drawn(path: Path, points: dict[str, tuple[float, float]]) -> None:
    """HOTA, upwards, against frames a second, to the right and by powers."""
    speeds, scores = (np.array(each) for each in zip(*points.values(), strict=True))
    across = 80 + 900 * (np.log(speeds) - np.log(speeds).min()) / max(np.ptp(np.log(speeds)), 1e-9)
    down = 620 - 520 * (scores - scores.min()) / max(np.ptp(scores), 1e-9)
    picture = np.full((720, 1280, 3), 255, np.uint8)
    for name, x, y, (speed, score) in zip(points, across.astype(int), down.astype(int), points.values(), strict=True):
        cv2.circle(picture, (int(x), int(y)), 6, (160, 60, 0), -1, cv2.LINE_AA)
        text = f"{name}: {score:.2f}, {speed:,.0f}/s"
        cv2.putText(picture, text, (int(x) + 10, int(y) + 5), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    title = "HOTA (up) against frames/s (right, logarithmic)"
    cv2.putText(picture, title, (60, 50), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (0, 0, 0), 1, cv2.LINE_AA)
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), picture)


def main() -> None:
    parser = arguments("trackers", __doc__)
    parser.add_argument("--trackers", nargs="+", default=list(NAMES), help="ours, by name, with their defaults")
    parser.add_argument("--peer", type=Path, help="interpreter that has PyPI's `trackers`")
    parser.add_argument("--passes", type=int, default=3, help="over each sequence; the fastest counts")
    options = parser.parse_args()
    if (data := real_data()) is None:
        raise SystemExit(f"{NO_DATA}; this benchmark needs its mot17 folder")
    sequences = [above(each) for each in recordings(data / "mot17")]
    moved = {each.name: motions(data / "mot17" / each.name, len(each.detections)) for each in sequences}
    frames = sum(len(each.detections) for each in sequences)
    seconds = dict.fromkeys(options.trackers, 0.0)
    judged: dict[str, dict[str, Figures]] = {name: {} for name in options.trackers}
    for each in sequences:
        times: dict[str, list[float]] = {name: [] for name in options.trackers}
        for _ in range(options.passes):
            for name in options.trackers:
                took, listing = follow(made(name, moved[each.name]), each)
                times[name].append(took)
                judged[name][each.name] = figures(compare(each.truth, listing))
        seconds = {name: seconds[name] + min(times[name]) for name in seconds}
    speeds = {name: frames / each for name, each in seconds.items()}
    if options.peer:
        with TemporaryDirectory() as folder:
            version, speed = peer(options.peer, sequences, options.passes, Path(folder))
            name = f"PyPI trackers {version}: ByteTrack"
            files = {each.name: read(Path(folder) / "data" / f"{each.name}.txt") for each in sequences}
        judged[name] = {each.name: figures(compare(each.truth, files[each.name])) for each in sequences}
        speeds[name] = speed
    people = sum(len(found) for each in sequences for found in each.detections)
    short = [each.name.removeprefix("MOT17-") for each in sequences]
    report = Report("trackers", "tracker", "HOTA", "IDF1", "id switches", *short, "mean", "not tuned on", "frames/s")
    for name, by_sequence in judged.items():
        total = reduce(add, by_sequence.values()).row()
        means = [mean(list(by_sequence.values())), mean([by_sequence[it] for it in by_sequence if it not in TUNED_ON])]
        parts = [mean([each]) for each in by_sequence.values()]
        whole = (round(100 * total["HOTA"], 2), round(100 * total["IDF1"], 2), int(total["IDs"]))
        report.row(name, *whole, *parts, *means, speeds[name])
    report.note(
        f"{', '.join(each.name for each in sequences)}: {frames} frames, {people / frames:.1f} detections a frame; "
        "the first three columns count all boxes together, the others are HOTA/IDF1 by sequence and their means; each "
        f"with its defaults and no picture; restride was tuned on {' and '.join(TUNED_ON)}, the "
        "numbers of the other papers were chosen on all four"
    )
    drawn(options.json.with_suffix(".png"), {n: (s, mean_hota(list(judged[n].values()))) for n, s in speeds.items()})
    report.finish(options.json)


def mean(found: Sequence[Figures]) -> str:
    return f"{mean_hota(found):.2f}/{100 * np.mean([each.identity.idf1 for each in found]):.2f}"


def mean_hota(found: Sequence[Figures]) -> float:
    return float(100 * np.mean([each.hota.hota for each in found]))


if __name__ == "__main__":
    main()
