"""Every benchmark starts and says what it measures; its figures stand in docs/benchmarks.md and in no test."""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
PARTS = {"__init__", "clips", "peer_bytetrack", "reporting"}  # of benchmarks, not for people to run
RUNNABLE = sorted({path.stem for path in (ROOT / "benchmarks").glob("*.py")} - PARTS)


@pytest.fixture
def reporting(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Benchmarks are not installed: they run from the top of the repository."""
    monkeypatch.syspath_prepend(ROOT)
    return import_module("benchmarks.reporting")


@pytest.mark.parametrize("name", RUNNABLE)
def test_help(name: str) -> None:
    command = [sys.executable, "-m", f"benchmarks.{name}", "--help"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "--json" in run.stdout


def test_a_report_says_what_was_measured_and_where(
    reporting: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = reporting.Report("example", "way", "a second", "ms")
    report.row("bare", 12345.6, None)
    report.row("ours", 42, 0.5)
    report.note("about nothing")
    report.finish(tmp_path / "new" / "example.json")
    written = json.loads((tmp_path / "new" / "example.json").read_text())
    assert written["rows"] == [
        {"way": "bare", "a second": 12345.6, "ms": None},
        {"way": "ours", "a second": 42, "ms": 0.5},
    ]
    assert written["notes"] == ["about nothing"]
    assert {"command", "date", "machine", "cores", "versions"} <= set(written)
    assert "numpy" in written["versions"]
    said = capsys.readouterr().out
    assert "12,346" in said
    assert "about nothing" in said


def test_a_row_has_a_value_for_each_column(reporting: ModuleType) -> None:
    with pytest.raises(ValueError, match="shorter"):
        reporting.Report("example", "way", "ms").row("bare")


def test_json_goes_where_git_does_not_look(reporting: ModuleType) -> None:
    assert reporting.arguments("example", "Nothing.").parse_args([]).json == Path("build/benchmarks/example.json")
