"""Options are searched on the sequences that are named, and shown for all."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from reid_core.cli_track import track
from reid_core.errors import DataSetInvalid, PluginNotFound
from reid_core.evaluation.tracking.follow import followed, recordings
from reid_core.evaluation.tracking.search import Trial, searched
from tests.reid_core.evaluation.tracking.cases import Case, written


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two sequences; half of the detections that are there score below what the defaults let begin a track."""
    for case in (Case("one", 1, switching=0.0), Case("two", 2, switching=0.0)):
        truth, result = written(case)
        folder = tmp_path / case.name
        (folder / "gt").mkdir(parents=True)
        (folder / "det").mkdir()
        (folder / "gt" / "gt.txt").write_text(truth)
        weak = [
            line.replace(",0.9,", f",{0.9 if place % 2 else 0.65},") for place, line in enumerate(result.split("\n"))
        ]
        (folder / "det" / "det.txt").write_text("\n".join(weak))
        (folder / "seqinfo.ini").write_text(f"[Sequence]\nframeRate=20\nseqLength={case.frames}\n")
    return tmp_path


def test_a_recording_is_followed_frame_by_frame(data: Path) -> None:
    [one, _] = recordings(data)
    assert (one.name, one.rate, len(one.detections)) == ("one", 20.0, 60)
    found = followed("bytetrack", {}, one)
    assert found.frame.min() >= 1
    assert len(found.id) > 0.5 * sum(map(len, one.detections))


def test_the_search_keeps_its_budget_repeats_itself_and_never_ends_below_the_defaults(data: Path) -> None:
    trials: list[Trial] = []
    best = searched("bytetrack", recordings(data), 8, 1, trials.append)
    assert len(trials) == 8
    assert trials[0].options == {}
    assert best.score == max(each.score for each in trials) >= trials[0].score
    assert searched("bytetrack", recordings(data), 8, 1, lambda _: None).options == best.options


def test_the_command_says_what_it_was_not_tuned_on(data: Path) -> None:
    shown = CliRunner().invoke(track, ["tune", "sort", str(data), "--only", "two", "--runs", "3"])
    assert shown.exit_code == 0
    assert shown.stdout.count("one (not tuned on)") == 2
    assert "sort, defaults: {}" in shown.stdout


def test_wrong_names_are_told(data: Path) -> None:
    with pytest.raises(PluginNotFound, match=r"no trackers named 'srot'; installed: .*sort"):
        searched("srot", recordings(data), 2, 0, lambda _: None)
    found = CliRunner().invoke(track, ["tune", "sort", str(data), "--only", "three"])
    assert isinstance(found.exception, DataSetInvalid)
    assert "--only three: not in" in str(found.exception)


def test_folders_that_do_not_fit_are_told(data: Path, tmp_path: Path) -> None:
    with pytest.raises(DataSetInvalid, match=r"expected folders with det/det\.txt"):
        recordings(tmp_path / "one")
    (data / "one" / "seqinfo.ini").write_text("[Sequence]\nframeRate=20\nseqLength=3\n")
    with pytest.raises(DataSetInvalid, match=r"seqLength 3: det\.txt goes on to"):
        recordings(data)
    (data / "one" / "seqinfo.ini").write_text("frameRate=20\n")
    with pytest.raises(DataSetInvalid, match="expected frameRate and seqLength"):
        recordings(data)
