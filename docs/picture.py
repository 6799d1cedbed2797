"""Draws docs/demo.png, the README's picture: what restride makes of the two clips of `make demo`.

`python docs/picture.py` after `make demo`. Everything on it comes from a run: boxes from the detector and tracker,
identities, verdicts and probabilities from the event log.
"""

import subprocess
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import yaml

from reid_core.options import PluginUse
from reid_core.records import CameraId, Frame, IdentityEvent, IdentityId, Image, Track, TrackNumber, Verdict
from reid_core.registry import build
from stream.store.open import open_store

CLIPS = Path(".demo/clips")
CAMERAS = ("door", "hall")
MOMENTS = {"door": 9.0, "hall": 10.0}  # seconds into the clips
PAPER, INK, GREY = (250, 250, 248), (40, 40, 40), (130, 130, 130)
COLOURS = [(214, 64, 58), (38, 122, 196), (46, 150, 90), (222, 150, 30), (130, 80, 180), (60, 160, 170)]
WORDS = {Verdict.NEW: "new", Verdict.MATCH: "match", Verdict.UNSURE: "unsure"}
Seen = list[tuple[Frame, list[Track]]]


def events_of(folder: Path) -> list[IdentityEvent]:
    config = folder / "site.yaml"
    config.write_text(yaml.safe_dump({"store": f"sqlite:///{folder}/store.db", "namespace": "picture"}))
    clips = [str(CLIPS / f"{camera}.mp4") for camera in CAMERAS]
    command = [sys.executable, "-m", "stream.cli", "replay", *clips, "--config", str(config), "--start-time", "0"]
    subprocess.run(command, check=True)
    with closing(open_store(f"sqlite:///{folder}/store.db", "picture")) as store:
        return store.events(0, 1000)


def watch(camera: str) -> Seen:
    """The same detector and tracker on the same clip give the same track numbers as the run."""
    options = {"url": str(CLIPS / f"{camera}.mp4"), "start_time": 0.0}
    source = build("sources", PluginUse(use="video", options=options), CameraId(camera))
    detector = build("detectors", PluginUse(use="hog"))
    tracker = build("trackers", PluginUse(use="bytetrack"))
    return [(frame, tracker.update(frame, detector.detect([frame])[0])) for frame in source.frames()]


def text(picture: Image, words: str, at: tuple[int, int], colour: tuple[int, ...] = INK, size: float = 0.42) -> None:
    cv2.putText(picture, words, at, cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)


def camera_view(
    camera: str, seen: Seen, who: dict[TrackNumber, IdentityId], colours: dict[IdentityId, tuple[int, ...]]
) -> Image:
    frame, tracks = min(seen, key=lambda each: abs(each[0].time - MOMENTS[camera]))
    view = frame.image.copy()
    for track in tracks:
        identity = who.get(track.id)
        if identity is None:
            continue
        left, top, right, bottom = (
            round(side) for side in (track.box.left, track.box.top, track.box.right, track.box.bottom)
        )
        cv2.rectangle(view, (left, top), (right, bottom), colours[identity], 2, cv2.LINE_AA)
        cv2.rectangle(view, (left - 1, top - 15), (left + 62, top), colours[identity], -1)
        text(view, identity[:6], (left + 3, top - 4), (255, 255, 255))
    text(view, f"{camera}  {frame.time:.1f} s", (8, 18), (255, 255, 255), 0.5)
    return view


def best_crop(track: TrackNumber, seen: Seen, height: int) -> Image:
    """Of the frame in which the track is largest."""
    shots = [(each.box.area, frame, each) for frame, tracks in seen for each in tracks if each.id == track]
    _, frame, shot = max(shots, key=lambda each: each[0])
    box = shot.box.clipped(frame.image.shape[1], frame.image.shape[0])
    assert box is not None
    crop = frame.image[int(box.top) : int(box.bottom), int(box.left) : int(box.right)]
    return np.asarray(cv2.resize(crop, (height // 2, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def main() -> None:
    seen = {camera: watch(camera) for camera in CAMERAS}
    with TemporaryDirectory() as folder:
        events = events_of(Path(folder))
    firsts = {(event.tracklet.camera, event.tracklet.track): event for event in reversed(events)}
    order = list(dict.fromkeys(event.identity for event in events))
    colours = dict(zip(order, COLOURS * 3, strict=False))
    row, top, across = 112, 26, 480
    canvas = np.full((2 * 270 + 12, across + 12 + 430, 3), PAPER, np.uint8)
    for number, camera in enumerate(CAMERAS):
        who = {track: event.identity for (place, track), event in firsts.items() if place == camera}
        canvas[number * 282 : number * 282 + 270, :across] = camera_view(camera, seen[camera], who, colours)
    text(canvas, "identity", (across + 22, 16), GREY)
    text(canvas, "seen on door", (across + 120, 16), GREY)
    text(canvas, "seen on hall", (across + 275, 16), GREY)
    scale = min(1.0, (canvas.shape[0] - top) / (row * len(order)))
    high = int(row * scale)
    for number, identity in enumerate(order):
        y = top + number * high
        text(canvas, identity[:8], (across + 22, y + high // 2), colours[identity], 0.45)
        for (camera, track), event in sorted(firsts.items(), key=lambda each: each[1].sequence):
            if event.identity != identity:
                continue
            x = across + (120 if camera == "door" else 275)
            crop = best_crop(track, seen[camera], high - 8)
            canvas[y : y + crop.shape[0], x : x + crop.shape[1]] = crop
            text(canvas, WORDS[event.verdict], (x + crop.shape[1] + 6, y + high // 2 - 4))
            if event.evidence.nearest:
                text(canvas, f"p {event.evidence.probability:.2f}", (x + crop.shape[1] + 6, y + high // 2 + 14), GREY)
    cv2.imwrite("docs/demo.png", cv2.cvtColor(canvas, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 9])


if __name__ == "__main__":
    main()
