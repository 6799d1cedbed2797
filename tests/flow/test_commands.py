"""The commands that look: subscribe, identities, check, plugins, doctor."""

import json
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from reid_core.wire import event_from_json
from tests.flow.conftest import MakeSite, Site
from tests.flow.test_flow import recorded


@pytest.fixture
def seen(make_site: MakeSite, clips: Path) -> Site:
    """A site whose clips are over."""
    site = make_site(cameras=recorded(clips))
    done = site.run("run", str(site.config), "--demo")
    assert done.returncode == 0, done.stderr + done.stdout
    assert "tracks of people seen" in done.stdout.splitlines()[-1]
    return site


def test_what_was_seen_can_be_read_again(seen: Site) -> None:
    listed = seen.run("identities", str(seen.config)).stdout
    identity = seen.start("identity", str(seen.config))
    try:
        subscriber = seen.start("subscribe", "--config", str(seen.config), "--since", "0", "--wait")
        lines = [subscriber.stdout.readline() for _ in range(8)] if subscriber.stdout else []
        subscriber.terminate()
        subscriber.communicate(timeout=10)
        events = [event_from_json(line.encode()) for line in lines]
        assert [event.sequence for event in events] == list(range(1, 9))
        assert all("vector" not in line and "crop" not in line for line in lines), "no picture and no embedding"
        assert {event.identity for event in events} == {word for word in listed.split() if word.startswith("P-")}
        one = seen.start(
            "subscribe", "--config", str(seen.config), "--since", "0", "--wait", "--lines", "--camera", "hall"
        )
        first = one.stdout.readline() if one.stdout else ""
        one.terminate()
        one.communicate(timeout=10)
        assert "hall" in first
        assert not first.startswith("{")
    finally:
        identity.terminate()
        identity.communicate(timeout=10)


def test_a_reader_that_leaves_ends_the_subscriber_quietly(seen: Site) -> None:
    identity = seen.start("identity", str(seen.config))
    try:
        command = " ".join(seen.command("subscribe", "--config", str(seen.config), "--since", "0", "--wait"))
        done = subprocess.run(
            ["bash", "-c", f"{command} | head -n 2"],
            cwd=seen.folder,
            env=seen.environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    finally:
        identity.terminate()
        identity.communicate(timeout=10)
    assert [json.loads(line)["specversion"] for line in done.stdout.splitlines()] == ["1.0", "1.0"]
    assert done.stderr == ""


def test_check_says_that_all_is_well(make_site: MakeSite) -> None:
    site = make_site()
    done = site.run("check", str(site.config))
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 1 + 4 + 2
    assert all(line.startswith("ok") for line in lines[1:])
    assert sum("480x270" in line for line in lines) == 2


def test_looking_makes_no_store(make_site: MakeSite, clips: Path) -> None:
    site = make_site(cameras=[{"name": "door", "source": str(clips / "door.mp4")}])
    before = sorted(site.folder.rglob("*"))
    for command in ("check", "identities"):
        done = site.run(command, str(site.config))
        assert done.returncode == 0, done.stdout + done.stderr
        assert "no store there yet" in done.stdout
    assert sorted(site.folder.rglob("*")) == before


def test_replay_without_a_config_keeps_nothing(make_site: MakeSite, tmp_path: Path) -> None:
    pictures = tmp_path / "empty-room"
    pictures.mkdir()
    for number in range(3):
        cv2.imwrite(str(pictures / f"{number}.png"), np.full((240, 320, 3), 90, np.uint8))
    site = make_site()
    before = sorted(site.folder.rglob("*"))
    done = site.run("replay", str(pictures))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "nobody was seen"
    assert done.stderr == "nothing was kept; --config keeps it\n"
    assert sorted(site.folder.rglob("*")) == before


def test_check_tells_names_that_nothing_has(make_site: MakeSite) -> None:
    topology = {"overlapping": [["dor", "hall"]], "travel": [{"from": "door", "to": "hal"}]}
    site = make_site(identity={"topology": topology, "calibrations": [{"of": "clour"}]})
    done = site.run("check", str(site.config))
    assert done.returncode == 0, "the service may know them of another configuration"
    assert [line for line in done.stdout.splitlines() if line.startswith("look")] == [
        "look  identity.topology.overlapping[0][0]: no camera here is named 'dor'; did you mean 'door'?",
        "look  identity.topology.travel[0].to: no camera here is named 'hal'; did you mean 'hall'?",
        "look  identity.calibrations[0].of: no branch or model is named 'clour'; did you mean 'colour'?",
    ]


def test_plugins_are_listed(make_site: MakeSite) -> None:
    listed = make_site().run("plugins").stdout
    for name in ("video", "folder", "hog", "bytetrack", "colour", "onnx_image", "asgl", "mediapipe", "sqlite", "truth"):
        assert f" {name} " in listed


def test_doctor_knows_what_is_there_and_what_to_do(make_site: MakeSite) -> None:
    done = make_site().run("doctor")
    assert done.returncode == 0, done.stderr
    assert "MISSING" not in done.stdout
    for name in ("GPU", "redis-server", "onnxruntime", "tensorrt", "ffmpeg"):
        assert name in done.stdout
    assert "pip install 'restride[gpu]'" in done.stdout
