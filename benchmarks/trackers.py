"""How well and how fast our trackers follow the people of MOT17, given the same detections as everybody.

With RESTRIDE_DATA set: the second halves of MOT17-02, 05, 09 and 11, YOLOX-x detections from a score of 0.1. Time is
that of update() alone, one thread, the fastest of several passes. Scores are TrackEval's where that can be imported,
here or by --peer; else they are left out. `--peer PYTHON` names the interpreter of another environment that has the
package `trackers` of PyPI, whose ByteTrack then stands beside ours. Never install that one here: it shadows ours.
"""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.clips import NO_DATA, real_data
from benchmarks.reporting import Report, Value, arguments
from reid_core.geometry import Box
from reid_core.options import PluginUse
from reid_core.protocols import Tracker
from reid_core.records import CameraId, Detection, Epoch, Frame, Track, TrackState
from reid_core.registry import build

LEAST_SCORE = 0.1
HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True, eq=False)
class Sequence17:
    name: str
    fps: float
    frames: int
    detections: list[list[Detection]]


def read(folder: Path) -> Sequence17:
    lines = (folder / "seqinfo.ini").read_text(encoding="utf-8").split()
    facts = dict(line.split("=", 1) for line in lines if "=" in line)
    rows = np.loadtxt(folder / "det" / "det.txt", delimiter=",", ndmin=2)
    detections: list[list[Detection]] = [[] for _ in range(int(facts["seqLength"]))]
    for frame, _, left, top, width, height, score in rows[rows[:, 6] >= LEAST_SCORE, :7].tolist():
        detections[int(frame) - 1].append(Detection(Box(left, top, left + width, top + height), score))
    return Sequence17(folder.name, float(facts["frameRate"]), len(detections), detections)


def follow(tracker: Tracker, sequence: Sequence17) -> tuple[float, list[list[Track]]]:
    """The seconds of update(), and what it gave by frame."""
    picture = np.zeros((4, 4, 3), np.uint8)  # nobody looks at it
    seconds, given = 0.0, []
    for index, detections in enumerate(sequence.detections):
        frame = Frame(CameraId(sequence.name), Epoch("mot17"), index, index / sequence.fps, picture)
        begin = time.perf_counter()
        tracks = tracker.update(frame, detections)
        seconds += time.perf_counter() - begin
        given.append(tracks)
    return seconds, given


def ours(name: str, sequences: Sequence[Sequence17], passes: int, out: Path) -> float:
    """Frames a second; the tracks are written as MOTChallenge wants them."""
    (out / "data").mkdir(parents=True)
    total = 0.0
    for sequence in sequences:
        runs = [follow(build("trackers", PluginUse(use=name)), sequence) for _ in range(passes)]
        total += min(seconds for seconds, _ in runs)
        write(out / "data" / f"{sequence.name}.txt", runs[0][1])
    return sum(each.frames for each in sequences) / total


def write(path: Path, given: Sequence[Sequence[Track]]) -> None:
    lines = [
        f"{index},{track.id},{box.left:.2f},{box.top:.2f},{box.width:.2f},{box.height:.2f},{track.score:.3f},-1,-1,-1\n"
        for index, tracks in enumerate(given, 1)
        for track in tracks
        if track.state is TrackState.CONFIRMED
        for box in (track.box,)
    ]
    path.write_text("".join(lines), encoding="utf-8")


def peer(python: Path, sequences: Sequence[Sequence17], passes: int, out: Path) -> tuple[str, float]:
    """Version and frames a second of the other package, measured by its own interpreter."""
    boxes = {
        each.name: {
            "fps": each.fps,
            "frames": [
                [(it.box.left, it.box.top, it.box.right, it.box.bottom, it.score) for it in found]
                for found in each.detections
            ],
        }
        for each in sequences
    }
    given = json.dumps({"sequences": boxes, "passes": passes, "out": str(out)})
    said = json.loads(outside(python, "peer_bytetrack.py", given))
    return str(said["version"]), sum(each.frames for each in sequences) / float(said["seconds"])


def scores(
    pythons: Sequence[Path], data: Path, sequences: Sequence[Sequence17], results: Path
) -> dict[str, list[Value]]:
    """By tracker what TrackEval says, in its own interpreter; nothing where none has it."""
    for python in pythons:
        tried = subprocess.run([python, "-I", "-c", "import trackeval"], capture_output=True, check=False)
        if tried.returncode == 0:
            lengths = {each.name: each.frames for each in sequences}
            given = json.dumps({"truth": str(data / "mot17"), "results": str(results), "lengths": lengths})
            return dict(json.loads(outside(python, "mot_scores.py", given)))
    return {}


def outside(python: Path, script: str, given: str) -> str:
    # isolated: neither this folder nor ours may lend the other environment a package named `trackers`
    done = subprocess.run([python, "-I", HERE / script], input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{python} {script} failed:\n{done.stderr}")
    return done.stdout.splitlines()[-1]


def main() -> None:
    parser = arguments("trackers", __doc__)
    parser.add_argument("--trackers", nargs="+", default=["bytetrack"], help="ours, by name, with their defaults")
    parser.add_argument("--peer", type=Path, help="interpreter that has PyPI's `trackers`, and perhaps `trackeval`")
    parser.add_argument("--passes", type=int, default=3, help="over each sequence; the fastest counts")
    options = parser.parse_args()
    report = Report("trackers", "tracker", "HOTA", "IDF1", "MOTA", "id switches", "frames/s")
    if (data := real_data()) is None:
        raise SystemExit(f"{NO_DATA}; this benchmark needs its mot17 folder")
    sequences = [read(folder) for folder in sorted((data / "mot17").glob("MOT17-*"))]
    with TemporaryDirectory() as folder:
        results = Path(folder)
        speeds = {name: ours(name, sequences, options.passes, results / name) for name in options.trackers}
        if options.peer:
            version, speed = peer(options.peer, sequences, options.passes, results / "peer")
            speeds["peer"] = speed
        pythons = [Path(sys.executable), *([options.peer] if options.peer else [])]
        judged = scores(pythons, data, sequences, results)
    for name, speed in speeds.items():
        shown = f"PyPI trackers {version}: ByteTrack" if name == "peer" else f"restride: {name}"
        report.row(shown, *judged.get(name, [None] * 4), speed)
    if not judged:
        report.note("trackeval cannot be imported: no scores")
    frames, people = sum(each.frames for each in sequences), sum(map(len, (f for s in sequences for f in s.detections)))
    report.note(
        f"{', '.join(each.name for each in sequences)}: {frames} frames, {people / frames:.1f} detections a frame; "
        "each tracker with its defaults and the sequence's frame rate; no pictures, no camera motion; the usual tuning "
        "split of all peers, so no figure of how it will do elsewhere"
    )
    report.finish(options.json)


if __name__ == "__main__":
    main()
