"""The walkers: their truth, their clips, the command that makes them, and that a detector finds them."""

import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from plugins.detectors.hog import HogDetector
from reid_core.errors import ConfigInvalid, DataSetInvalid
from reid_core.geometry import iou, stack
from reid_core.records import CameraId, Epoch, Frame, Image
from reid_core.synth.film import Seen, film
from reid_core.synth.people import cast
from reid_core.synth.room import DOOR, HALL, ROOMS
from reid_core.synth.walkers import schedule
from reid_core.synth.write import Truth, read_truth, write_walkers

SIZE = (480, 270)


def decoded(path: Path) -> list[Image]:
    with av.open(path) as clip:
        return [each.to_ndarray(format="rgb24").astype(np.uint8) for each in clip.decode(video=0)]


def lab(*arguments: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "reid_core.cli", *arguments]
    return subprocess.run(line, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small and slow clips of a whole wave."""
    made = tmp_path_factory.mktemp("walkers")
    write_walkers(made, seed=3, seconds=20, fps=4, size=(160, 90))
    return made


@pytest.fixture(scope="module")
def truth(folder: Path) -> Truth:
    return read_truth(folder)


def test_clips_have_the_length_and_size_that_was_asked_for(folder: Path, truth: Truth) -> None:
    for camera in truth.cameras.values():
        pictures = decoded(folder / camera.clip)
        assert len(pictures) == len(camera.frames) == 80
        assert pictures[0].shape == (90, 160, 3)
        with av.open(folder / camera.clip) as clip:
            assert clip.streams.video[0].average_rate == 4
            assert clip.streams.video[0].codec_context.name == "h264"


def test_three_cross_both_cameras_one_each_only_one(truth: Truth) -> None:
    ways = sorted(tuple(str(stay.camera) for stay in person.stays) for person in truth.people)
    assert ways == [("door",), ("door", "hall"), ("door", "hall"), ("door", "hall"), ("hall",)]
    for person in truth.people:
        if len(person.stays) == 2:
            assert 1.0 < person.stays[1].begin - person.stays[0].end < 5.0
    assert len({person.colours["top"] for person in truth.people}) == 5


@pytest.mark.parametrize("seed", range(4))
def test_people_meet_and_go_both_ways_on_each_camera(seed: int) -> None:
    rng = np.random.default_rng(seed)
    visits = schedule(cast(rng), 20, SIZE, rng)
    for camera in (DOOR, HALL):
        here = [visit for visit in visits if visit.room.camera == camera]
        assert {visit.to_the_right for visit in here} == {False, True}
        together = [(a, b) for a in here for b in here if a.begin < b.begin < a.end]
        assert any(a.to_the_right != b.to_the_right for a, b in together)  # they pass one another


def test_boxes_lie_in_the_picture_and_somebody_is_hidden_at_times(truth: Truth) -> None:
    everybody = [seen for camera in truth.cameras.values() for frame in camera.frames for seen in frame]
    assert all(seen.box.left >= 0 and seen.box.right <= 160 and seen.box.bottom <= 90 for seen in everybody)
    assert all(0 <= seen.visible <= 1 for seen in everybody)
    assert any(seen.visible < 0.8 for seen in everybody)
    assert sum(seen.visible > 0.95 for seen in everybody) > len(everybody) / 2


def test_the_box_is_where_the_picture_changes() -> None:
    rng = np.random.default_rng(5)
    [visit, *_] = [visit for visit in schedule(cast(rng), 20, SIZE, rng) if visit.begin < 1]
    alone = list(film(visit.room, [visit], 4, 2, SIZE, np.random.default_rng(0)))
    empty = list(film(visit.room, [], 4, 2, SIZE, np.random.default_rng(0)))
    [(picture, [seen]), (nobody, [])] = alone[5], empty[5]
    changed = np.abs(picture.astype(int) - nobody.astype(int)).max(axis=2) > 40
    rows, columns = np.flatnonzero(changed.sum(axis=1) > 1), np.flatnonzero(changed.sum(axis=0) > 1)
    found = np.array([[columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]], dtype=np.float64)
    assert iou(found, stack([seen.box]))[0, 0] > 0.85


def test_a_seed_makes_the_same_files_and_another_makes_others(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_walkers(tmp_path / name, seed=seed, seconds=2, fps=4, size=(160, 90))
    a, b, c = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in "abc")
    assert sorted(a) == ["door.mp4", "hall.mp4", "truth.json"]
    assert a == b
    assert all(a[name] != c[name] for name in a)


def test_long_clips_begin_again() -> None:
    rng = np.random.default_rng(0)
    visits = schedule(cast(rng), 60, SIZE, rng)
    first = {visit.person.id for visit in visits if visit.begin < 20}
    last = {visit.person.id for visit in visits if visit.begin > 41}
    assert first == last
    assert len(first) == 5


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"seconds": 0.0}, "seconds: expected 1 to 3600, found 0"),
        ({"fps": float("nan")}, "fps: expected 1 to 120, found nan"),
        ({"size": (161, 90)}, "size: expected even sides of 64 to 4096 pixels, found 161x90"),
    ],
)
def test_wrong_wishes_are_refused(tmp_path: Path, more: dict[str, float], words: str) -> None:
    wishes: dict[str, object] = {"seed": 0, "seconds": 2.0, "fps": 4.0, "size": (160, 90), **more}
    with pytest.raises(ConfigInvalid, match=words):
        write_walkers(tmp_path, **wishes)  # type: ignore[arg-type]


def test_a_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigInvalid, match="file/walkers: cannot write the clips there"):
        write_walkers(tmp_path / "file" / "walkers", seed=0, seconds=1, fps=1, size=(160, 90))


def test_truth_that_is_missing_or_something_else_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataSetInvalid, match=r"truth\.json: cannot read it"):
        read_truth(tmp_path)
    (tmp_path / "truth.json").write_text("[]")
    with pytest.raises(DataSetInvalid, match=r"truth\.json: not the truth of walkers"):
        read_truth(tmp_path)


def test_the_command_makes_clips_and_says_who_is_in_them(tmp_path: Path) -> None:
    done = lab("synth", "walkers", "--out", str(tmp_path), "--seconds", "1", "--fps", "4", "--size", "160x90")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("person-") == 5
    assert read_truth(tmp_path).size == (160, 90)


@pytest.mark.parametrize("wrong", [("--size", "big"), ("--seconds", "-1"), ("--size", "161x90")])
def test_the_command_says_in_one_line_what_is_wrong(tmp_path: Path, wrong: tuple[str, str]) -> None:
    done = lab("synth", "walkers", "--out", str(tmp_path), *wrong)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"restride-lab: {wrong[0].strip('-')}: expected")
    assert "Traceback" in lab("--debug", "synth", "walkers", "--out", str(tmp_path), *wrong).stderr


@pytest.mark.slow
def test_the_default_detector_finds_them() -> None:
    detector = HogDetector(HogDetector.Options())
    overlaps: list[float] = []
    false = frames = 0
    for seed in (0, 1):
        rng = np.random.default_rng(seed)
        visits = schedule(cast(rng), 20, SIZE, rng)
        for room in ROOMS:
            filmed = list(film(room, visits, 20, 2.5, SIZE, rng))
            for (_, seen), boxes in zip(filmed, _found(detector, [picture for picture, _ in filmed]), strict=True):
                frames += 1
                truth = stack(each.box for each in seen)
                overlap = iou(truth, boxes)
                overlaps += [overlap[i].max(initial=0.0) for i in range(len(seen)) if _whole(seen[i])]
                false += sum(overlap[:, j].max(initial=0.0) < 0.3 for j in range(len(boxes)))
    assert len(overlaps) > 80
    assert np.mean([overlap >= 0.5 for overlap in overlaps]) >= 0.85
    assert false / frames < 0.1


def _whole(seen: Seen) -> bool:
    return seen.visible >= 0.95


def _found(detector: HogDetector, pictures: list[Image]) -> list[np.ndarray]:
    frames = [Frame(CameraId("c"), Epoch("e"), i, 0.0, picture) for i, picture in enumerate(pictures)]
    return [stack(person.box for person in people) for people in detector.detect(frames)]
