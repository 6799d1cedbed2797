"""Whatever is wrong, a person reads one line that names it, and what is right goes on."""

import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.flow.conftest import MakeSite, Site
from tests.flow.test_kill import stored


def complaint(site: Site, *arguments: str) -> str:
    """The one line on stderr of a command that stops with exit code 2."""
    done = site.run(*arguments)
    assert done.returncode == 2, done.stderr
    [line] = done.stderr.splitlines()
    return line


@pytest.mark.parametrize("command", ["run", "worker", "identity", "check", "identities"])
def test_a_config_that_is_not_there(make_site: MakeSite, command: str) -> None:
    site = make_site()
    assert (
        complaint(site, command, "nowhere.yaml") == "restride: nowhere.yaml: cannot read it: No such file or directory"
    )


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"trakcer": {"use": "bytetrack"}}, "trakcer: unknown key; did you mean 'tracker'?"),
        ({"cutter": {"max_seconds": "long"}}, "cutter.max_seconds: expected a number, found 'long' (str)"),
        ({"cameras": []}, "cameras: none given"),
        ({"cameras": [{"name": "a", "source": "x"}, {"name": "a", "source": "y"}]}, "two are named 'a'"),
        ({"tracker": {"use": "bytetrak"}}, "no trackers named 'bytetrak'; installed: "),
        ({"branch": {"use": "colour", "options": {"stripes": "six"}}}, "branches colour: options: stripes: expected"),
        ({"store": "mysql://host"}, "mysql"),
    ],
)
def test_a_config_with_a_mistake(make_site: MakeSite, keys: dict[str, Any], words: str) -> None:
    site = make_site(**keys)
    command = "identity" if "store" in keys else "worker"
    assert words in complaint(site, command, str(site.config))


def test_debug_shows_the_traceback(make_site: MakeSite) -> None:
    site = make_site(trakcer={})
    assert "Traceback" in site.run("worker", str(site.config), "--debug").stderr


def empty(path: Path, _: Path) -> None:
    path.touch()


def text(path: Path, _: Path) -> None:
    path.write_text("this is no video\n" * 100)


def absent(path: Path, _: Path) -> None:
    assert not path.exists()


@pytest.mark.parametrize("spoil", [absent, empty, text])
def test_a_source_that_is_none_stops_and_the_other_camera_goes_on(
    make_site: MakeSite, clips: Path, spoil: Callable[[Path, Path], None], tmp_path: Path
) -> None:
    bad = tmp_path / "bad.mp4"
    spoil(bad, clips)
    site = make_site(
        cameras=[{"name": "broken", "source": str(bad)}, {"name": "hall", "source": str(clips / "hall.mp4")}]
    )
    done = site.run("run", str(site.config))
    assert done.returncode == 2
    told = [line for line in done.stdout.splitlines() if "camera broken" in line]
    assert len(told) == 1, done.stdout
    assert str(bad) in told[0]
    assert "Traceback" not in done.stdout + done.stderr
    assert {event.tracklet.camera for event in stored(site)} == {"hall"}
    checked = site.run("check", str(site.config))
    assert checked.returncode == 2
    [wrong] = [line for line in checked.stdout.splitlines() if line.startswith("wrong")]
    assert str(bad) in wrong
    assert [line for line in checked.stdout.splitlines() if line.startswith("ok") and "camera hall" in line]


def test_a_video_that_is_cut_off_gives_what_it_has(make_site: MakeSite, clips: Path, tmp_path: Path) -> None:
    whole = clips / "door.mkv"
    if not whole.exists():
        import av

        with av.open(str(clips / "door.mp4")) as source, av.open(str(whole), "w") as target:
            stream = target.add_stream_from_template(source.streams.video[0])
            for packet in source.demux(video=0):
                if packet.dts is not None:
                    packet.stream = stream
                    target.mux(packet)
    cut = tmp_path / "door.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    site = make_site(cameras=[{"name": "door", "source": str(cut)}])
    done = site.run("run", str(site.config))
    assert done.returncode == 0, done.stdout + done.stderr
    [told] = [line for line in done.stdout.splitlines() if "warning" in line]
    assert "camera door" in told
    assert "cut" in told
    assert stored(site)


@contextmanager
def taken_port() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("lane", ["tracklets", "events", "replay"])
def test_a_port_in_use(make_site: MakeSite, lane: str, tmp_path: Path) -> None:
    with taken_port() as address:
        lanes = {each: f"ipc://{tmp_path}/{each}" for each in ("tracklets", "events", "replay")}
        site = make_site(link={**lanes, lane: address})
        line = complaint(site, "identity", str(site.config))
        assert address in line
        assert f"link.{lane}" in line or f"{lane}:" in line
        done = site.run("run", str(site.config))
        assert done.returncode == 2
        assert done.stdout.count(address) == 1


def test_another_site_at_the_same_addresses_is_left_alone(
    make_site: MakeSite, clips: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    first = make_site()
    theirs = first.start("identity", str(first.config), "--debug")
    try:
        assert theirs.stderr
        assert "tracklets on" in theirs.stderr.readline()
        mine = tmp_path_factory.mktemp("mine")
        settings = yaml.safe_load(first.config.read_text(encoding="utf-8"))
        settings |= {"store": f"sqlite:///{mine}/identities.db", "state": str(mine)}
        config = mine / "site.yaml"
        config.write_text(yaml.safe_dump(settings), encoding="utf-8")
        done = first.run("run", str(config))
        replayed = first.run("replay", str(clips / "door.mp4"), "--config", str(config))
    finally:
        theirs.terminate()
        theirs.communicate(timeout=10)
    for each in (done, replayed):
        assert each.returncode == 2
        [line] = each.stdout.splitlines()
        assert "in use already" in line
    assert not stored(first), "no tracklet of ours went to them"


def test_no_redis_there(make_site: MakeSite) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    site = make_site(store=f"redis://user:geheim@127.0.0.1:{port}/0")
    done = site.run("identities", str(site.config))
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert f"127.0.0.1:{port}" in line
    assert "geheim" not in line
    assert "sqlite" in line, "the fix"


def test_nobody_to_subscribe_to(make_site: MakeSite) -> None:
    site = make_site()
    done = site.run("subscribe", "--config", str(site.config))
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert "restride run" in line


def test_a_state_folder_that_cannot_be_written(make_site: MakeSite, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    site = make_site(state=str(blocked / "state"))
    assert str(blocked) in complaint(site, "worker", str(site.config))


def test_replay_of_clips(make_site: MakeSite, clips: Path) -> None:
    site = make_site(cameras=[])
    done = site.run("replay", str(clips / "door.mp4"), str(clips / "hall.mp4"), "--config", str(site.config))
    assert done.returncode == 0, done.stderr + done.stdout
    assert "identities" in done.stdout.splitlines()[-1]
    assert {event.tracklet.camera for event in stored(site)} == {"door", "hall"}
    shutil.copy(clips / "door.mp4", site.folder / "door.mp4")
    assert "'door'" in complaint(site, "replay", str(clips / "door.mp4"), str(site.folder / "door.mp4"))
    assert "nowhere.mp4" in complaint(site, "replay", "nowhere.mp4")
