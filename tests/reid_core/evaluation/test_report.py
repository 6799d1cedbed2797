"""The report folder, and runs side by side."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from reid_core.errors import ConfigInvalid
from reid_core.evaluation.compare import compare
from reid_core.evaluation.open_set import AtRate, Calibration, OpenSet, Verification, WatchList
from reid_core.evaluation.papers import FIGURES
from reid_core.evaluation.pictures import Frame, Shown, cmc_plot, retrieval_picture
from reid_core.evaluation.report import write_report
from reid_core.evaluation.results import About, Result, read_report
from reid_core.evaluation.settings import SETTINGS

ABOUT = About(system="asgl", data="vccr", split="test", identities=160, queries=30, gallery=60, synthetic=False)
OPEN = OpenSet(
    verification=Verification(
        true_positive=(AtRate(0.01, 0.5),), auc=0.9, eer=0.1, genuine=5, impostors=7, impostors_all=70
    ),
    watch_list=WatchList(identified=(AtRate(0.1, 0.4),), known=3, unknown=4),
    calibration=Calibration(ece=0.05, brier=0.2, count=9),
)
RESULT = Result(
    setting="CC",
    rule="drops some",
    queries=30,
    valid_queries=28,
    gallery=60,
    persons=16,
    rank1=0.529,
    rank5=0.7,
    rank10=0.8,
    rank20=0.9,
    mean_ap=0.432,
    mean_inp=0.2,
    cmc=tuple(np.linspace(0.529, 0.95, 50).tolist()),
    open_set=OPEN,
)


def shown(frame: Frame) -> Shown:
    return Shown(np.full((40, 20, 3), 128, dtype=np.uint8), "7 cam 1", frame)


def test_a_report_is_written_and_read_back(tmp_path: Path) -> None:
    results = [RESULT, replace(RESULT, cue="appearance", rank1=0.328, open_set=None), replace(RESULT, setting="SC")]
    rows = [[shown(Frame.QUERY), shown(Frame.RIGHT), shown(Frame.WRONG)]]
    folder = tmp_path / "new" / "run"
    written = write_report(folder, "ASGL, our run", ABOUT, results, rows)
    assert read_report(folder / "report.json") == written
    assert sorted(each.name for each in folder.iterdir()) == ["cmc.png", "report.json", "report.md", "retrieval.png"]
    text = (folder / "report.md").read_text(encoding="utf-8")
    for words in (
        "data: vccr, split test",
        "160 identities, 30 queries",
        "28 of 30",
        "52.9",
        "32.8",
        "appearance",
        "TPR at FMR 0.01",
        "DIR at FAR 0.1",
        "a random share of 70",
        "0.050",
        "cmc.png",
        "retrieval.png",
    ):
        assert words in text, words
    assert "ynthetic" not in text
    for name in ("cmc.png", "retrieval.png"):
        assert cv2.imread(str(folder / name)) is not None


def test_a_synthetic_report_says_so(tmp_path: Path) -> None:
    plain = replace(RESULT, cmc=(), open_set=None)
    write_report(tmp_path, "toy", replace(ABOUT, synthetic=True), [plain])
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "these figures say nothing about real ones" in text
    assert "png" not in text
    assert sorted(each.name for each in tmp_path.iterdir()) == ["report.json", "report.md"]


def test_frames_have_their_colours() -> None:
    picture = retrieval_picture("t", [[shown(Frame.QUERY), shown(Frame.RIGHT), shown(Frame.WRONG)]])
    around = {frame: int((picture == frame.value).all(axis=2).sum()) for frame in Frame}
    assert min(around[Frame.QUERY], around[Frame.RIGHT], around[Frame.WRONG]) > 1000
    assert around[Frame.DROPPED] < 100  # the edge of a letter at most


def test_pictures_of_nothing_and_of_odd_shapes() -> None:
    assert cmc_plot("nothing", []).shape == (560, 900, 3)
    assert retrieval_picture("nothing", []).shape[2] == 3
    odd = [Shown(np.zeros(shape, dtype=np.uint8), "größe", Frame.DROPPED) for shape in ((1, 300, 3), (300, 1, 3))]
    assert retrieval_picture("odd", [odd]).size


def test_a_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigInvalid, match=r"file.*cannot write the report there"):
        write_report(tmp_path / "file", "t", ABOUT, [RESULT])


def test_runs_stand_beside_the_row_of_the_paper(tmp_path: Path) -> None:
    write_report(tmp_path / "a", "run a", ABOUT, [RESULT, replace(RESULT, cue="appearance", rank1=0.3, mean_ap=0.3)])
    write_report(tmp_path / "b", "run b", ABOUT, [replace(RESULT, rank1=0.6, valid_queries=20)])
    text = compare([tmp_path / "a", tmp_path / "b" / "report.json"])
    assert text.count("## vccr test, CC") == 1
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]
    by_name = {(row[0], row[1]): row for row in rows}
    assert by_name["run a", "fused"][3:6] == ["52.9", "43.2", "+0.0 / +0.0"]
    assert by_name["run b", "fused"][5] == "+7.1 / +0.0"
    assert by_name["run a", "appearance"][5] == "-2.8 / +0.7"
    assert by_name["published: asgl", "fused"][6] == "ASGL, table 1"
    assert by_name["published: appearance only, public fork of CAL", "fused"][3] == "52.1"
    assert "The runs differ in queries or gallery" in text


def test_a_synthetic_run_has_no_paper(tmp_path: Path) -> None:
    write_report(tmp_path, "toy", replace(ABOUT, synthetic=True), [RESULT])
    text = compare([tmp_path])
    assert "published:" not in text
    assert "no published figure compares" in text


def test_runs_of_one_title_are_told_apart(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_report(tmp_path / name, "same", replace(ABOUT, data="mine"), [RESULT])
    text = compare([tmp_path / "a", tmp_path / "b"])
    assert str(tmp_path / "a" / "report.json") in text
    assert "No figure of these systems is known" in text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot read it"),
        ("{", "not a report.json"),
        ('{"title": "t"}', "`about`"),
        ("\xff", "not a report.json"),
    ],
)
def test_what_is_no_report_is_named(tmp_path: Path, content: str | None, words: str) -> None:
    path = tmp_path / "x.json"
    if content is not None:
        path.write_text(content, encoding="latin-1")
    with pytest.raises(ConfigInvalid, match=words) as raised:
        compare([path])
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_nothing_to_compare() -> None:
    with pytest.raises(ConfigInvalid, match="at least one"):
        compare([])


def test_published_figures_name_settings_that_exist() -> None:
    for figure in FIGURES:
        assert figure.setting in {each.name for each in SETTINGS[figure.data]}, figure
        assert 0 < figure.rank1 <= 100
        assert figure.source
    keys = [(each.system, each.data, each.setting, each.cue) for each in FIGURES]
    assert len(set(keys)) == len(keys)
