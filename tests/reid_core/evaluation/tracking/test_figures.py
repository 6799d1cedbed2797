"""The figures equal those of TrackEval 1.3.0, which counted the same files; and what is no such file is told."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from reid_core.cli_track import track
from reid_core.errors import DataSetInvalid
from reid_core.evaluation.tracking import motchallenge
from reid_core.evaluation.tracking.report import across_cameras, figures, scenes, together
from tests.reid_core.evaluation.tracking.cases import CASES, Case, written

NAMES = ("HOTA", "DetA", "AssA", "MOTA", "IDF1", "IDs", "Frag")
PUBLIC = {
    "plain": (0.660428711, 0.612670681, 0.712147471, 0.601156069, 0.779569892, 3, 16),
    "crowded": (0.563197466, 0.511633611, 0.623018562, 0.503496503, 0.735703246, 9, 23),
    "rough": (0.115710518, 0.128580176, 0.105734286, -1.463087248, 0.101052632, 22, 30),
    "distractors": (0.455191480, 0.320278707, 0.647292430, -0.402597403, 0.534979424, 1, 10),
    "perfect": (1.000000000, 1.000000000, 1.000000000, 1.000000000, 1.000000000, 0, 0),
    "nobody found": (0.000000000, 0.000000000, 0.000000000, 0.000000000, 0.000000000, 0, 0),
    "nobody there": (0.000000000, 0.000000000, 0.000000000, 0.000000000, 0.000000000, 0, 0),
    "one frame": (0.726786053, 0.579132928, 0.947368421, 0.625000000, 0.823529412, 0, 0),
    "seldom seen": (0.079740621, 0.129081910, 0.049577620, -0.266666667, 0.085106383, 6, 5),
    "far off": (0.136483444, 0.128044010, 0.152601256, -0.896797153, 0.101010101, 5, 17),
    "all": (0.477409692, 0.326014209, 0.734565580, -0.105497771, 0.469966997, 46, 101),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    truth, result = tmp_path_factory.mktemp("truth"), tmp_path_factory.mktemp("result")
    for case in CASES:
        there, here = written(case)
        (truth / case.name / "gt").mkdir(parents=True)
        (truth / case.name / "gt" / "gt.txt").write_text(there)
        (result / f"{case.name}.txt").write_text(here)
    return truth, result


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_sequence_is_what_the_public_evaluator_says(case: Case, folders: tuple[Path, Path]) -> None:
    truth, result = folders
    [scene] = scenes(truth / case.name / "gt" / "gt.txt", result / f"{case.name}.txt").values()
    assert figures(scene).row() == pytest.approx(dict(zip(NAMES, PUBLIC[case.name], strict=True)), abs=1e-6)


def test_so_are_all_of_them_together(folders: tuple[Path, Path]) -> None:
    found = scenes(*folders)
    assert together(found).row() == pytest.approx(dict(zip(NAMES, PUBLIC["all"], strict=True)), abs=1e-6)


def test_across_cameras_a_person_must_keep_one_id() -> None:
    """Two cameras, ten frames each, one person; the result names the person alike on both, or not."""

    def camera(identity: int) -> motchallenge.Listing:
        frames = np.arange(1, 11)
        boxes = np.tile([0.0, 0.0, 10.0, 20.0], (10, 1))
        return motchallenge.Listing(frames, np.full(10, identity), boxes, np.ones(10), np.full(10, -1))

    truth = camera(1)
    same = {name: motchallenge.compare(truth, camera(7)) for name in ("door", "hall")}
    other = {"door": motchallenge.compare(truth, camera(7)), "hall": motchallenge.compare(truth, camera(8))}
    assert across_cameras(same).idf1 == 1.0
    assert across_cameras(other).idf1 == 0.5
    assert together(other).identity.idf1 == 1.0


def test_the_command_prints_a_table_and_numbers(folders: tuple[Path, Path]) -> None:
    truth, result = map(str, folders)
    shown = CliRunner().invoke(track, ["evaluate", truth, result, "--cross-camera"])
    assert shown.exit_code == 0
    assert "61.27" in shown.stdout
    assert "IDF1 across 10 cameras" in shown.stdout
    numbers = json.loads(CliRunner().invoke(track, ["evaluate", truth, result, "--json"]).stdout)
    assert numbers["plain"]["HOTA"] == pytest.approx(PUBLIC["plain"][0], abs=1e-6)
    assert numbers["all"]["IDs"] == PUBLIC["all"][5]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1,1,0,0\n", "at least 6 numbers a line, found 4"),
        ("1,1,0,0,x,5,1\n", r"expected frame,id,left,top,width,height,score per line"),
        ("1,1,0,0,5,5,1\n1,1,9,9,5,5,1\n", "frame 1 has the id 1 more than once"),
        ("1,1,0,0,nan,5,1\n", "line 1 holds a number that is not finite"),
    ],
)
def test_a_broken_file_is_told_with_its_name(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "door.txt"
    file.write_text(text)
    with pytest.raises(DataSetInvalid, match=rf"door\.txt: .*{said}"):
        motchallenge.read(file)


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataSetInvalid, match="expected a file, or a folder"):
        scenes(tmp_path, tmp_path)
    (tmp_path / "door.txt").write_text("1,1,0,0,5,5,1\n")
    with pytest.raises(DataSetInvalid, match=r"gone.door\.txt: cannot read it: No such file"):
        scenes(tmp_path, tmp_path / "gone")
