import logging
import sqlite3
import subprocess
import sys
from pathlib import Path
from random import Random
from threading import Thread
from time import sleep

import pytest

from reid_core.errors import ConfigInvalid, LinkUnavailable
from reid_core.wire import MAX_BYTES
from stream.link.spool import Spool, SpoolInUse

SPACE = 8 << 20


def ids(spool: Spool) -> list[str]:
    return [each.tracklet for each in spool.after(0, 1_000_000)]


def test_keeps_the_order_and_removes_what_was_acknowledged(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db", SPACE)
    for name in "cab":
        assert spool.put(name, b"body of " + name.encode()) == 0
    assert ids(spool) == ["c", "a", "b"]
    assert spool.remove(["a", "unknown"]) == 1
    first, second = spool.after(0, 10)
    assert (first.tracklet, first.body, second.tracklet) == ("c", b"body of c", "b")
    assert [each.tracklet for each in spool.after(first.sequence, 10)] == ["b"]
    assert len(spool) == 2
    spool.remove("cb")
    assert (len(spool), spool.used_bytes) == (0, 0)


def test_a_tracklet_put_twice_is_there_once(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db", SPACE)
    spool.put("a", b"first")
    spool.put("a", b"second")
    assert [each.body for each in spool.after(0, 10)] == [b"first"]


def test_what_was_there_is_there_after_closing(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "deep" / "spool.db", SPACE)
    for number in range(10):
        spool.put(str(number), b"x" * number)
    used = spool.used_bytes
    spool.close()
    again = Spool(tmp_path / "deep" / "spool.db", SPACE)
    assert ids(again) == [str(number) for number in range(10)]
    assert (len(again), again.used_bytes) == (10, used)


def test_when_full_the_oldest_go_and_it_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    spool = Spool(tmp_path / "spool.db", 2 * MAX_BYTES)
    body = bytes(MAX_BYTES // 4)
    with caplog.at_level(logging.WARNING):
        dropped = sum(spool.put(str(number), body) for number in range(20))
    assert dropped == 13
    assert ids(spool) == [str(number) for number in range(13, 20)]
    assert spool.used_bytes <= 2 * MAX_BYTES
    assert len(caplog.records) == 1
    assert "spool.db: full" in caplog.text
    with caplog.at_level(logging.WARNING):
        spool.remove(["13", "14"])
    assert "has room again" in caplog.text


def test_the_file_does_not_outgrow_its_bound(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db", 2 * MAX_BYTES)
    for number in range(200):
        spool.put(str(number), bytes(MAX_BYTES // 8))
    on_disk = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert on_disk < 2 * MAX_BYTES + (8 << 20)  # the write-ahead log comes on top


def test_what_was_removed_cannot_be_read_from_the_disk(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db", SPACE)
    spool.put("a", b"a person's vector" * 1000)
    spool.remove(["a"])
    spool.close()
    assert all(b"a person's vector" not in path.read_bytes() for path in tmp_path.iterdir())


def test_a_spool_too_small_for_one_tracklet(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match=r"spool .*spool.db: 1000 bytes cannot hold one tracklet"):
        Spool(tmp_path / "spool.db", 1000)


@pytest.mark.parametrize("damage", ["garbage", "torn"])
def test_an_unreadable_file_is_kept_aside(damage: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "spool.db"
    before = Spool(path, SPACE)
    for number in range(500):
        before.put(str(number), bytes(3000))
    before.close()
    match damage:
        case "garbage":
            path.write_bytes(b"this is no database" * 100)
        case "torn":
            whole = path.read_bytes()
            path.write_bytes(whole[:5000] + Random(0).randbytes(60_000) + whole[65_000:])
    damaged = path.read_bytes()
    with caplog.at_level(logging.ERROR):
        spool = Spool(path, SPACE)
    assert len(spool) == 0
    spool.put("a", b"new")
    assert ids(spool) == ["a"]
    [aside] = [each for each in tmp_path.iterdir() if "unreadable" in each.name and each.suffix.count("-") == 1]
    assert aside.read_bytes() == damaged
    assert str(aside) in caplog.text


def test_a_file_that_breaks_while_open_is_kept_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "spool.db"
    spool = Spool(path, 64 << 20)
    for number in range(3000):  # more than the cache of pages holds
        spool.put(str(number), bytes(3000))
    whole = path.read_bytes()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(Random(0).randbytes(len(whole) - 4096))
    with caplog.at_level(logging.ERROR):
        for number in range(3000, 3010):
            spool.put(str(number), b"later")
        spool.after(0, 10_000)
        spool.put("last", b"last")
    assert ids(spool)[-1] == "last"
    assert "cannot be read" in caplog.text
    assert any("unreadable" in each.name for each in tmp_path.iterdir())


def test_a_database_of_something_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "gallery.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE tracklets (something TEXT)")
    db.close()
    before = path.read_bytes()
    with pytest.raises(ConfigInvalid, match=r"gallery.db: is another database .*choose another file"):
        Spool(path, SPACE)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["gallery.db"]


def test_one_spool_belongs_to_one_process(tmp_path: Path) -> None:
    held = Spool(tmp_path / "spool.db", SPACE)
    with pytest.raises(SpoolInUse, match=r"spool.db: another process uses it; .*give each worker a spool of its own"):
        Spool(tmp_path / "spool.db", SPACE)
    held.put("a", b"still works")


def test_a_place_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(ConfigInvalid, match=r"spool .*file/spool.db: cannot use it"):
        Spool(tmp_path / "file" / "spool.db", SPACE)


def test_after_closing_it_says_so(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db", SPACE)
    spool.close()
    with pytest.raises(LinkUnavailable, match=r"spool .*spool.db"):
        spool.put("a", b"")


def test_many_threads(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db", SPACE)

    def work(name: int) -> None:
        for number in range(100):
            spool.put(f"{name}-{number}", b"body")
            if number % 2:
                spool.remove([f"{name}-{number}"])

    threads = [Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(spool) == len(ids(spool)) == 200


CHILD = """
import sys
from pathlib import Path
from stream.link.spool import Spool

spool = Spool(Path(sys.argv[1]), 64 << 20)
start = int(sys.argv[2])
for number in range(start, start + 100_000):
    spool.put(str(number), number.to_bytes(4, "big") * 500)
    sys.stdout.write(f"put {number}\\n")
    if number % 3 == 0:
        sys.stdout.write(f"removing {number}\\n")
        sys.stdout.flush()
        spool.remove([str(number)])
    sys.stdout.flush()
"""


def test_survives_sigkill_at_any_point(tmp_path: Path) -> None:
    """Every tracklet whose put() returned is there, whole and in order, whenever the process is killed."""
    path = tmp_path / "spool.db"
    moment = Random(7)
    expected: list[int] = []
    for round_ in range(4):
        with subprocess.Popen(
            [sys.executable, "-c", CHILD, str(path), str(round_ * 1_000_000)], stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            first = child.stdout.readline()
            sleep(moment.uniform(0.0, 0.08))
            child.kill()  # SIGKILL
            lines = (first + child.stdout.read()).splitlines()
        done = set(lines)
        put = [int(line.removeprefix("put ")) for line in lines if line.startswith("put ") and line[4:].isdigit()]
        assert put, "killed before it began"
        # the last line may be torn, and the last removal may or may not have happened
        unsure = {put[-1], put[-1] + 1}
        expected += [number for number in put if f"removing {number}" not in done or number in unsure]
        spool = Spool(path, 64 << 20)
        found = spool.after(0, 1_000_000)
        spool.close()
        there = [int(each.tracklet) for each in found]
        assert there == sorted(there)
        assert all(each.body == int(each.tracklet).to_bytes(4, "big") * 500 for each in found)
        assert set(expected) - set(there) <= unsure & {each for each in unsure if each % 3 == 0}
        assert set(there) - set(expected) <= unsure
        expected = there
