"""ByteTrack of PyPI's package `trackers`, run by the interpreter of another environment; imports nothing of ours.

Takes the detections as JSON on its input, writes MOTChallenge files, and says its version and its seconds in one line.
"""

import json
import sys
import time
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import numpy as np


def main() -> None:
    given = json.load(sys.stdin)
    supervision, trackers = import_module("supervision"), import_module("trackers")  # there, and only there
    out = Path(given["out"]) / "data"
    out.mkdir(parents=True)
    total = 0.0
    for name, sequence in given["sequences"].items():
        frames = [np.array(found, np.float32).reshape(-1, 5) for found in sequence["frames"]]
        passes = []
        for _ in range(given["passes"]):
            tracker = trackers.ByteTrackTracker(frame_rate=sequence["fps"])
            seconds, lines = 0.0, []
            for index, found in enumerate(frames, 1):
                detections = supervision.Detections(
                    xyxy=found[:, :4], confidence=found[:, 4], class_id=np.zeros(len(found), int)
                )
                begin = time.perf_counter()
                tracks = tracker.update(detections)
                seconds += time.perf_counter() - begin
                for (left, top, right, bottom), track in zip(tracks.xyxy, tracks.tracker_id, strict=True):
                    if track >= 0:  # below: not believed yet
                        place = f"{left:.2f},{top:.2f},{right - left:.2f},{bottom - top:.2f}"
                        lines.append(f"{index},{track + 1},{place},1,-1,-1,-1\n")
            passes.append(seconds)
        (out / f"{name}.txt").write_text("".join(lines), encoding="utf-8")
        total += min(passes)
    print(json.dumps({"version": version("trackers"), "seconds": total}))


if __name__ == "__main__":
    main()
