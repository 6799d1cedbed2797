"""Figures beside what is found, and the commands that show them."""

from pathlib import Path

import cv2
import pytest
from typer.testing import CliRunner

from reid_core.cli import app
from reid_core.data.counts import EXPECTED, Expected, check, mismatches, valid_cc_queries
from reid_core.data.read import LAYOUTS, read
from reid_core.errors import DataSetInvalid
from tests.fakes.data_sets import fake

NAMES = sorted(LAYOUTS)


def run(*words: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["data", *map(str, words)])
    return result.exit_code, result.output, str(result.exception or "")


def test_a_mismatch_says_which_expected_and_found(tmp_path: Path) -> None:
    data = read("ltcc", fake("ltcc", tmp_path))
    findings = check(data, [Expected(("train",), "ids", 77), Expected(("query", "gallery"), "images", 36)])
    assert list(map(str, mismatches(findings))) == ["train ids: expected 77, found 4"]
    assert str(findings[1]) == "query + gallery images: expected 36, found 36"


def test_an_unverified_figure_is_shown_but_never_held_against_anybody(tmp_path: Path) -> None:
    data = read("vccr", fake("vccr", tmp_path))
    findings = check(data, [Expected(("train",), "tracklets", 2_873, verified=False)])
    assert not findings[0].agrees
    assert mismatches(findings) == []


def test_what_is_counted(tmp_path: Path) -> None:
    data = read("prcc", fake("prcc", tmp_path))
    wanted = [
        Expected(("query",), "images", 6, camera=2),
        Expected(("train", "val"), "clothes", 8),
        Expected(("train", "val", "query", "gallery"), "ids", 7),
        Expected(("gallery",), "cameras", 1),
        Expected(("query",), "valid CC queries", 6),
    ]
    assert [finding.found for finding in check(data, wanted)] == [each.count for each in wanted]
    assert valid_cc_queries(read("celeb_reid", fake("celeb_reid", tmp_path))) == 0  # it has no cameras


def test_figures_that_nobody_vouches_for_are_marked() -> None:
    marked = {(name, each.where, each.what) for name, rows in EXPECTED.items() for each in rows if not each.verified}
    assert {name for name, _, _ in marked} == {"vccr", "ltcc", "prcc", "vc_clothes"}
    assert ("vccr", "train", "ids") in marked
    assert ("prcc", "gallery", "images") in marked
    assert ("prcc", "query, camera 2", "images") not in marked


def test_figures_that_add_up() -> None:
    figure: dict[tuple[str, str, str], int] = {
        (name, each.where, each.what): each.count for name, rows in EXPECTED.items() for each in rows
    }
    for name, what in (("ccvid", "images"), ("ccvid", "tracklets"), ("ltcc", "images")):
        splits = [figure[name, split, what] for split in ("train", "query", "gallery")]
        assert sum(splits) == figure[name, "train + query + gallery", what]
    assert sum(figure["celeb_reid_light", split, "images"] for split in ("train", "query", "gallery")) == 10_842
    assert sum(figure["nkup", split, "images"] for split in ("train", "query", "gallery")) == 9_738


@pytest.mark.parametrize("name", NAMES)
def test_check_prints_the_table_and_refuses_what_differs(name: str, tmp_path: Path) -> None:
    fake(name, tmp_path)
    code, printed, error = run("check", name, tmp_path)
    assert code != 0
    assert "✗" in printed
    assert "expected" in error
    assert "--allow" in error
    assert "\n" not in error
    code, printed, _ = run("check", name, tmp_path, "--allow")
    assert code == 0
    assert "gallery" in printed


def test_check_names_pictures_that_cannot_be_decoded(tmp_path: Path) -> None:
    broken = fake("vc_clothes", tmp_path) / "VC-Clothes/train/0001-01-01-02.jpg"
    broken.write_bytes(broken.read_bytes()[:300])
    code, printed, error = run("check", "vc_clothes", tmp_path, "--decode")
    assert code != 0
    assert f"{broken}: 300 bytes that are no whole picture" in printed.replace("\n", "")
    assert "1 damaged pictures" in error


def test_check_counts_odd_files_where_they_may_be_skipped(tmp_path: Path) -> None:
    (fake("ltcc", tmp_path) / "LTCC_ReID/train/odd.png").write_bytes(b"")
    assert "odd.png" in run("check", "ltcc", tmp_path)[2]
    code, printed, _ = run("check", "ltcc", tmp_path, "--skip-odd", "--allow")
    assert code == 0
    assert "1 odd files skipped" in printed
    assert "odd.png: expected a name such as" in printed


@pytest.mark.parametrize("name", NAMES)
def test_show_draws_a_row_for_each_person(name: str, tmp_path: Path) -> None:
    out = tmp_path / "sheets" / "sheet.png"
    code, printed, _ = run("show", name, fake(name, tmp_path), "--out", out, "--people", "3", "--looks", "2")
    assert code == 0
    sheet = cv2.imread(str(out))
    assert sheet is not None
    assert sheet.shape[0] == 3 * 154
    assert sheet.shape[1] in {68, 136}
    assert f"{sheet.shape[1]}x{sheet.shape[0]}" in printed.replace("\n", "")
    assert sheet.std() > 20


def test_show_of_a_split_that_is_not_there(tmp_path: Path) -> None:
    _, _, error = run("show", "prcc", fake("prcc", tmp_path), "--out", tmp_path / "sheet.png", "--split", "test")
    assert error == "prcc: has no split 'test'; it has train, query, gallery, val"


def test_show_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = CliRunner().invoke(
        app, ["data", "show", "ltcc", str(fake("ltcc", tmp_path)), "--out", str(tmp_path / "file/s.png")]
    )
    assert isinstance(result.exception, DataSetInvalid)
    assert "cannot be written" in str(result.exception)
