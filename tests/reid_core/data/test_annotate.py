"""`restride-lab data annotate`, as a user calls it: what it writes, and how it goes on."""

import sys
from pathlib import Path

import numpy as np
import pytest

from reid_core import cli
from reid_core.data.annotations import Annotations
from reid_core.data.clip_source import ClipWants
from reid_core.data.feed import annotations_of
from reid_core.data.image_source import ImageWants
from reid_core.data.read import read
from reid_core.data.samples import DataSet
from reid_core.errors import ConfigInvalid
from reid_core.models.asgl_inputs import ClipShape
from tests.fakes.data_sets import FRAMES, drawn, fake, write
from tests.fakes.installed import install_plugins

POINTS = {
    "poses": {"crops": "tests.fakes.crop_pose:CropPose", "clock": "tests.fakes.clock_pose:ClockPose"},
    "parsers": {"crops": "tests.fakes.crop_parser:CropParser"},
}


class Lab:
    """The command on one miniature; what it says besides numbers goes to stderr."""

    def __init__(self, folder: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys, self._name = capsys, name
        self.root, self.cache = fake(name, folder / name), folder / "cache"
        self.annotations = Annotations(self.data().root, self.cache)

    def data(self) -> DataSet:
        return read(self._name, self.root)

    def pictures(self) -> list[Path]:
        data = self.data()
        return [path for split in (data.train, data.query, data.gallery) for each in split for path in each.paths]

    def annotate(self, *words: str | Path) -> tuple[int, list[str], str]:
        """The exit status, the lines of stdout, and stderr."""
        fixed = ("data", "annotate", self._name, self.root, "--cache", self.cache)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["restride-lab", *map(str, (*fixed, *words))])
            with pytest.raises(SystemExit) as ended:
                cli.main()
        said = self._capsys.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else 0), said.out.splitlines(), said.err.strip()

    def done(self, *words: str | Path) -> list[str]:
        """The lines after the first, of a run that must succeed."""
        code, lines, error = self.annotate(*words)
        assert code == 0, error
        return lines[1:]


@pytest.fixture(autouse=True)
def _plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_plugins(tmp_path / "plugins", monkeypatch, POINTS)


@pytest.fixture
def ltcc(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Lab:
    return Lab(tmp_path, "ltcc", capsys)


@pytest.fixture
def ccvid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Lab:
    return Lab(tmp_path, "ccvid", capsys)


def test_all_pictures_get_all_that_was_asked(ltcc: Lab) -> None:
    count = len(ltcc.pictures())
    lines = ltcc.done("--pose", "crops", "--parser", "crops", "--silhouettes")
    assert lines == [f"{kind}: {count} pictures, {count} of them new" for kind in ("poses", "parsing", "silhouettes")]
    for path in ltcc.pictures():
        labels, mask = ltcc.annotations.parsing(path), ltcc.annotations.silhouette(path)
        assert ltcc.annotations.pose(path) is not None
        assert labels is not None
        assert mask is not None
        assert np.array_equal(mask > 0, labels > 0)
        assert ltcc.annotations.place(path, "silhouettes").is_file()


def test_a_tracklet_is_one_and_in_the_order_of_time(ccvid: Lab) -> None:
    ccvid.done("--pose", "clock", "--fps", "10", "--workers", "3")
    for sample in ccvid.data().train:
        poses = [ccvid.annotations.pose(path) for path in sample.paths]
        assert [float(pose.world[0, 0]) for pose in poses if pose] == [FRAMES] * FRAMES
        np.testing.assert_allclose([pose.image[0, 0] for pose in poses if pose], np.arange(FRAMES) / 10, atol=1e-6)


def test_a_picture_of_an_image_set_stands_alone(ltcc: Lab) -> None:
    ltcc.done("--pose", "clock")
    poses = [ltcc.annotations.pose(path) for path in ltcc.pictures()]
    assert {float(pose.world[0, 0]) for pose in poses if pose} == {1.0}


@pytest.mark.parametrize("workers", ["1", "4"])
def test_what_is_there_is_left_alone_unless_again(ltcc: Lab, workers: str) -> None:
    small, *others = ltcc.pictures()
    write(small, drawn("1")[:30])  # too small for the estimator and the parser
    asked = ("--pose", "crops", "--parser", "crops", "--workers", workers)
    count = len(others)
    assert ltcc.done(*asked) == [f"{kind}: {count} pictures, {count} of them new" for kind in ("poses", "parsing")]
    assert ltcc.annotations.pose(small) is None
    write(small, drawn("1"))
    nothing_new = [f"{kind}: {count} pictures, 0 of them new" for kind in ("poses", "parsing")]
    assert ltcc.done(*asked) == nothing_new, "it was looked at before, and nobody was found"
    everything = [f"{kind}: {count + 1} pictures, {count + 1} of them new" for kind in ("poses", "parsing")]
    assert ltcc.done(*asked, "--again") == everything


def test_a_stopped_run_goes_on_where_it_was(ccvid: Lab) -> None:
    pictures = ccvid.pictures()
    damaged, whole = pictures[3 * FRAMES + 2], pictures[3 * FRAMES + 2].read_bytes()
    damaged.write_bytes(whole[:100])
    code, _, error = ccvid.annotate("--pose", "clock")
    assert code == 2
    assert f"{damaged}: 100 bytes that are no whole picture" in error
    before = sum(ccvid.annotations.place(path, "poses").exists() for path in pictures)
    assert 0 < before < len(pictures)
    assert before % FRAMES == 0
    damaged.write_bytes(whole)
    with (ccvid.cache / "poses.txt").open("a") as file:
        file.write('"half a li')  # as a kill leaves it
    ccvid.annotations.place(pictures[0], "poses").unlink()  # one frame of a tracklet: it is seen as a whole again
    [line] = ccvid.done("--pose", "clock")
    assert line == f"poses: {len(pictures)} pictures, {len(pictures) - before + 1} of them new"
    pose = ccvid.annotations.pose(pictures[0])
    assert pose is not None
    assert pose.world[0, 0] == FRAMES


def test_damaged_pictures_can_be_left_out(ltcc: Lab) -> None:
    damaged, *others = ltcc.pictures()
    damaged.write_bytes(b"no picture")
    code, lines, error = ltcc.annotate("--parser", "crops", "--skip-damaged")
    assert code == 0
    assert lines == [
        f"{ltcc.cache}: {len(others) + 1} pictures, 1 of them damaged",
        f"parsing: {len(others)} pictures, {len(others)} of them new",
    ]
    assert error.startswith(f"restride-lab: warning: skipped: {damaged}: 10 bytes that are no whole picture")


def test_a_tracklet_that_no_estimator_stands_is_told_and_left(ccvid: Lab) -> None:
    code, lines, error = ccvid.annotate("--pose", "clock", "--pose-options", f"refuses={FRAMES}")
    assert code == 0
    assert lines[1] == "poses: 0 pictures, 0 of them new"
    assert "restride-lab: warning: " in error
    assert "no poses" in error


def test_another_plugin_does_not_go_on_with_the_work_of_the_first(ltcc: Lab, tmp_path: Path) -> None:
    ltcc.done("--pose", "crops", "--pose-options", "scale=2")
    code, _, error = ltcc.annotate("--pose", "crops")
    assert code == 2
    assert 'poses.txt: these were made by {"use":"crops","options":{"scale":2}}, not by {' in error
    assert len(error.splitlines()) == 1
    options = tmp_path / "options.yaml"
    options.write_text("scale: 2\n")
    assert ltcc.done("--pose", "crops", "--pose-options", options)[0].endswith(" 0 of them new")
    assert not ltcc.done("--pose", "crops", "--again")[0].endswith(" 0 of them new")


def test_silhouettes_of_what_was_parsed_before(ltcc: Lab) -> None:
    ltcc.done("--parser", "crops")
    [line] = ltcc.done("--silhouettes")
    assert line.startswith(f"silhouettes: {len(ltcc.pictures())} pictures, {len(ltcc.pictures())} of them new")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "nothing to look for; say --pose mediapipe, --parser pose, or --silhouettes"),
        (("--pose", "nobody"), "no poses named 'nobody'; installed: "),
        (("--parser", "nobody"), "no parsers named 'nobody'; installed: "),
        (("--pose", "crops", "--pose-options", "scala=1"), "scala: unknown key; did you mean 'scale'?"),
        (("--pose", "crops", "--pose-options", "scale"), "--pose-options: expected KEY=VALUE, found 'scale'"),
        (("--pose", "crops", "--pose-options", "no.yaml"), "no.yaml: cannot read it"),
        (("--parser-options", "labels=atr"), "--parser-options: of whom? say --parser too"),
        (("--silhouettes",), "--silhouettes: nobody is parsed in "),
        (("--parser", "onnx", "--parser-options", "path=/no.onnx"), "/no.onnx"),
        (("--parser", "folder", "--parser-options", "pictures=/", "--parser-options", "labels_root=/no"), "no folder"),
        (("--pose", "crops", "--cache", "{root}/Thumbs.db"), "Thumbs.db cannot be made (File exists)"),
    ],
)
def test_what_is_wrong_is_one_line_and_exit_2(words: tuple[str, ...], message: str, ltcc: Lab) -> None:
    code, _, error = ltcc.annotate(*(word.format(root=ltcc.root) for word in words))
    assert code == 2, error
    assert message in error
    assert len(error.splitlines()) == 1, error


@pytest.mark.parametrize(
    ("wants", "asked"),
    [
        (ImageWants(heatmaps=lambda points, _: points), " --pose mediapipe"),
        (ImageWants(parsing=True), " --parser pose"),
        (ClipWants(ClipShape(poses=16, silhouettes=16)), " --pose mediapipe --parser pose"),
    ],
)
def test_who_misses_the_folder_is_told_how_to_make_it(
    wants: ImageWants | ClipWants, asked: str, ltcc: Lab, tmp_path: Path
) -> None:
    folder, data = tmp_path / "none", ltcc.data()
    with pytest.raises(ConfigInvalid) as raised:
        annotations_of(data, folder, wants, "data.annotations")
    command = f"restride-lab data annotate ltcc {data.root} --cache {folder}{asked}"
    assert str(raised.value) == f"data.annotations: no folder {folder}; make it by `{command}`, or leave it out"
    assert read("ltcc", data.root).root == data.root, "the command's ROOT is one that is read"


def test_nothing_is_deleted_for_a_plugin_that_is_not_there(ltcc: Lab) -> None:
    ltcc.done("--pose", "crops")
    code, _, _ = ltcc.annotate("--pose", "nobody", "--again")
    assert code == 2
    assert all(ltcc.annotations.pose(path) is not None for path in ltcc.pictures())
