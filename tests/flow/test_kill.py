"""The identity service is killed in the middle of a run: no tracklet is lost, none is counted twice."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from reid_core.records import IdentityEvent
from stream.settings import read_settings
from stream.store.open import open_store
from tests.flow.conftest import MakeSite, Site
from tests.flow.test_flow import recorded

Key = tuple[str, int, int, float]


def stored(site: Site) -> list[IdentityEvent]:
    settings = read_settings(site.config)
    with closing(open_store(settings.store, settings.namespace)) as store:
        events = store.events(0, 1000)
        assert [each.embedding.tracklet for each in store.sightings(0, 1000)] == [each.tracklet for each in events]
    return events


def tracklets(events: list[IdentityEvent]) -> list[Key]:
    """What is the same in every run of the same clips: the epochs are not."""
    ids = [(event.tracklet, event.begin) for event in events]
    return sorted((str(each.camera), each.track, each.part, round(begin, 3)) for each, begin in ids)


def wait_for(what: Callable[[], object], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def child(parent: "subprocess.Popen[str]", part: str) -> int | None:
    """The process of a part of the site, while there is one."""
    tasks = Path(f"/proc/{parent.pid}/task")
    for number in " ".join((task / "children").read_text() for task in tasks.iterdir()).split():
        try:
            words = Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if part.encode() in words:
            return int(number)
    return None


@pytest.fixture
def reference(make_site: MakeSite, clips: Path) -> list[Key]:
    """The tracklets of a run that nothing disturbs."""
    site = make_site(cameras=recorded(clips))
    done = site.run("run", str(site.config))
    assert done.returncode == 0, done.stderr + done.stdout
    keys = tracklets(stored(site))
    assert len(keys) >= 8
    return keys


def test_the_identity_service_is_killed_and_started_again(
    make_site: MakeSite, clips: Path, reference: list[Key]
) -> None:
    site = make_site(cameras=recorded(clips))
    run = site.start("run", str(site.config))
    killed: list[int] = []
    try:
        for enough in (1, 4):
            while not (site.folder / "identities.db").exists() or len(stored(site)) < enough:
                assert run.poll() is None, "it ended before it could be disturbed"
            wait_for(lambda: child(run, "identity") not in {None, *killed})
            killed.append(child(run, "identity") or 0)
            os.kill(killed[-1], signal.SIGKILL)
        output, errors = run.communicate(timeout=90)
    finally:
        run.kill()
    assert run.returncode == 0, output + errors
    assert output.count("the identity process died (killed by signal 9)") == 2
    events = stored(site)
    assert tracklets(events) == reference
    assert len({event.tracklet for event in events}) == len(events)
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))


def test_the_worker_is_killed_and_its_spool_is_sent(make_site: MakeSite, clips: Path) -> None:
    """With nobody to take them, the tracklets wait on disk; what then is sent is complete and single."""
    site = make_site(cameras=recorded(clips))
    worker = site.start("worker", str(site.config))
    spool = site.folder / "state" / "spool.db"
    try:
        wal = spool.with_name("spool.db-wal")
        wait_for(lambda: wal.exists() and wal.stat().st_size > 50_000)
    finally:
        worker.kill()
        worker.communicate()
    done = site.run("run", str(site.config))
    assert done.returncode == 0, done.stderr + done.stdout
    events = stored(site)
    assert len({event.tracklet.epoch for event in events}) >= 3, "of the killed worker's epochs, and of the new one's"
    assert len({event.tracklet for event in events}) == len(events)


def test_the_site_is_killed_and_started_again_at_once(make_site: MakeSite, clips: Path) -> None:
    """Its parts live on for a moment; the next ones wait for what these still hold."""
    site = make_site(cameras=recorded(clips))
    run = site.start("run", str(site.config))
    try:
        wait_for(lambda: (site.folder / "identities.db").exists() and stored(site))
    finally:
        run.kill()
        run.communicate()
    done = site.run("run", str(site.config))
    assert done.returncode == 0, done.stderr + done.stdout
    events = stored(site)
    assert len({event.tracklet for event in events}) == len(events)
