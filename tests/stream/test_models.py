"""`restride models`: what is listed, and what fetching does."""

import hashlib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from reid_core.errors import CheckpointInvalid, PluginNotFound
from stream.commands.models import app
from stream.models import model_file, status, statuses
from tests.fakes.installed import install_plugins
from tests.fakes.model_file import CONTENT, KNOWN, MADE_HERE


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    points = {"known.bin": "tests.fakes.model_file:KNOWN", "made_here.bin": "tests.fakes.model_file:MADE_HERE"}
    install_plugins(tmp_path / "plugins", monkeypatch, {"models": points})
    cache = tmp_path / "cache"
    cache.mkdir()
    (tmp_path / "source.bin").write_bytes(CONTENT)
    monkeypatch.setenv("RESTRIDE_CACHE", str(cache))
    monkeypatch.setenv("TEST_MODEL_SOURCE", str(tmp_path / "source.bin"))
    monkeypatch.setenv("COLUMNS", "200")
    return cache


def run(*words: str) -> str:
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_models_of_all_plugins_are_listed() -> None:
    names = [each.model.name for each in statuses()]
    assert set(names) >= {"known.bin", "made_here.bin", "pose_landmarker_full"}
    assert len(names) == len(set(names))


def test_the_list_says_what_each_is_and_how_to_get_it() -> None:
    said = run("list")
    for word in ("known.bin", "a test", "Apache-2.0", "https://weights.example/a.bin", "about 12.3 MB"):
        assert word in said
    assert "not here; get it: restride models fetch known.bin" in said
    assert f"{KNOWN.sha256} (as published)" in said
    assert "not known before it is fetched" in said


def test_fetching_brings_it_and_shows_where_it_is(cache: Path) -> None:
    said = run("fetch", "known.bin")
    assert "fetched known.bin" in said
    assert str(cache / "known.bin") in said
    assert (cache / "known.bin").read_bytes() == CONTENT
    assert status(KNOWN).as_published
    assert "(as published)" in said
    assert "was here already" in run("fetch", "known.bin")
    assert str(cache / "known.bin") in run("list")


def test_the_digest_shown_is_that_of_the_file_which_is_here(cache: Path) -> None:
    (cache / "known.bin").write_bytes(b"something else")
    found = status(KNOWN)
    assert found.sha256 == hashlib.sha256(b"something else").hexdigest()
    assert (found.size_bytes, found.as_published) == (14, False)
    assert "not the published file: built here" in run("list")
    run("fetch", "made_here.bin")
    assert status(MADE_HERE).sha256 == hashlib.sha256(CONTENT).hexdigest()


def test_what_cannot_be_fetched_and_what_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "source.bin").unlink()
    with pytest.raises(CheckpointInvalid, match=r"known\.bin cannot be fetched"):
        run("fetch", "known.bin")
    with pytest.raises(PluginNotFound, match=r"no models named 'unknown'; installed: .*known\.bin"):
        run("fetch", "unknown")
    with pytest.raises(PluginNotFound):
        model_file("unknown")
