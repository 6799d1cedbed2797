"""`restride-lab train`, `evaluate`, `compare` and `models`, as a user calls them."""

import sys
from pathlib import Path

import msgspec
import pytest
import torch

from reid_core import cli
from reid_core.training.run import train
from tests.reid_core.training.conftest import Configured


def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, str]:
    """The exit status, and all that was said."""
    monkeypatch.setattr(sys, "argv", ["restride-lab", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr()
    code = ended.value.code
    return (code if isinstance(code, int) else 0), said.out + said.err


def test_train_evaluate_and_compare(
    configured: Configured,
    ltcc: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = tmp_path / "tiny.yaml"
    config.write_bytes(msgspec.yaml.encode(configured(out="elsewhere")))
    code, said = call(monkeypatch, capsys, "train", config, "--out", tmp_path / "out")
    assert code == 0, said
    assert "best.safetensors" in said
    assert "on the people held out" in said
    checkpoint, report = tmp_path / "out/best.safetensors", tmp_path / "report"
    code, said = call(monkeypatch, capsys, "evaluate", checkpoint, "ltcc", ltcc, "--out", report, "--workers", "0")
    assert code == 0, said
    assert "## CC" in said
    code, said = call(monkeypatch, capsys, "compare", report / "report.json", report)
    assert code == 0, said
    assert "valid queries" in said


def test_models_are_listed_and_counted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = call(monkeypatch, capsys, "models", "list")
    assert code == 0
    assert {"asgl", "mpcf", "camc", "sci", "mbnet", "cre_bsga", "silhouettes"} <= {
        line.partition(":")[0] for line in said.splitlines()
    }
    options = ("--option", "depth=18", "--option", "picture={height: 64, width: 32}")
    code, said = call(monkeypatch, capsys, "models", "count", "cre_bsga", *options, "--persons", "10")
    assert code == 0, said
    assert "multiply-adds" in said
    assert "a picture of 64 x 32" in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("train", "{folder}/none.yaml"), "none.yaml: cannot read it"),
        (("train", "{folder}/unknown.yaml"), "no networks named 'nobody'; installed: asgl, "),
        (("train", "{folder}/rootless.yaml"), "ltcc: no folder /nowhere"),
        (("evaluate", "{folder}/none.safetensors", "ltcc", "{ltcc}"), "none.safetensors: no such file"),
        (("evaluate", "{checkpoint}", "ltcc", "/nowhere"), "ltcc: no folder /nowhere"),
        (("evaluate", "{checkpoint}", "ltcx", "{ltcc}"), "no data set named 'ltcx'; known: "),
        (("evaluate", "{checkpoint}", "ltcc", "{ltcc}", "--system", "mpcf"), "holds the model 'tiny', expected 'mpcf'"),
        (("evaluate", "{checkpoint}", "ltcc", "{ltcc}", "--device", "tpu"), "expected auto, cpu or cuda, found 'tpu'"),
        (("evaluate", "{checkpoint}", "ltcc", "{ltcc}", "--annotations", "/nowhere"), "annotations: no folder"),
        (("compare", "{folder}/none.json"), "none.json: cannot read it"),
        (("models", "count", "nobody"), "no networks named 'nobody'"),
        (("models", "count", "camc", "--option", "depth"), "expected KEY=VALUE, found 'depth'"),
    ],
)
def test_what_is_wrong_is_one_line_and_exit_2(
    words: tuple[str, ...],
    message: str,
    configured: Configured,
    ltcc: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    torch.set_num_threads(1)
    checkpoint = train(configured()).checkpoint if "{checkpoint}" in words else tmp_path
    for name, options in {
        "unknown": configured("unknown", system={"use": "nobody"}),
        "rootless": configured("rootless", data={"name": "ltcc", "root": "/nowhere"}),
    }.items():
        (tmp_path / f"{name}.yaml").write_bytes(msgspec.yaml.encode(options))
    filled = [word.format(folder=tmp_path, ltcc=ltcc, checkpoint=checkpoint) for word in words]
    capsys.readouterr()
    code, said = call(monkeypatch, capsys, *filled)
    assert code == 2, said
    assert message in said
    assert len(said.strip().splitlines()) == 1, said
