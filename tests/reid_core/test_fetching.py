"""Weights arrive whole or not at all: from an address, or out of a wheel."""

import hashlib
from pathlib import Path
from threading import Barrier, Thread

import pytest

from reid_core.errors import CheckpointInvalid, ConfigInvalid, LinkUnavailable
from reid_core.models.cache import arriving, cache_folder
from reid_core.models.download import download
from reid_core.models.wheel import files_in_wheel
from tests.fakes.http_files import Served, http_files
from tests.fakes.wheels import only_wheels_in, write_wheel

CONTENT = bytes(range(256)) * 1000
DIGEST = hashlib.sha256(CONTENT).hexdigest()
Reports = list[tuple[str, int, int | None]]


def fetch(url: str, target: Path, *, sha256: str | None = DIGEST, seconds: float = 10.0) -> Reports:
    reports: Reports = []
    download(
        url,
        target,
        sha256=sha256,
        most_bytes=300_000,
        most_seconds=seconds,
        report=lambda *each: reports.append(each),
    )
    return reports


def test_a_download_arrives_and_says_how_far_it_is(tmp_path: Path) -> None:
    with http_files({"weights": Served(CONTENT)}) as server:
        reports = fetch(f"{server}/weights", tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == CONTENT
    sizes = [size for _, size, _ in reports]
    assert sizes == sorted(sizes)
    assert reports[-1][1:] == (len(CONTENT), len(CONTENT))


def test_a_length_that_is_not_announced_is_no_fault(tmp_path: Path) -> None:
    with http_files({"weights": Served(CONTENT, announced=-1)}) as server:
        assert fetch(f"{server}/weights", tmp_path / "part")[-1][1:] == (len(CONTENT), None)


@pytest.mark.parametrize(
    ("served", "error", "said"),
    [
        (Served(CONTENT[:-1]), CheckpointInvalid, f"not the file expected: sha256 {DIGEST}"),
        (Served(b"<html>Sign in to this network</html>"), CheckpointInvalid, "not the file expected"),
        (Served(CONTENT, announced=len(CONTENT) + 5), LinkUnavailable, "256000 of 256005|more expected|IncompleteRead"),
        (Served(CONTENT * 2), CheckpointInvalid, "more than 300000 bytes"),
        (Served(CONTENT, pause_seconds=0.3), LinkUnavailable, r"took more than 0\.2 s"),
    ],
)
def test_what_is_not_the_file_is_refused(served: Served, error: type[Exception], said: str, tmp_path: Path) -> None:
    seconds = 0.2 if served.pause_seconds else 10.0
    with http_files({"weights": served}) as server, pytest.raises(error, match=said) as caught:
        fetch(f"{server}/weights", tmp_path / "part", seconds=seconds)
    assert "\n" not in str(caught.value)
    assert "/weights" in str(caught.value)


def test_a_cut_download_without_a_known_digest_is_refused_too(tmp_path: Path) -> None:
    served = Served(CONTENT, announced=len(CONTENT) + 5)
    with http_files({"weights": served}) as server, pytest.raises(LinkUnavailable):
        fetch(f"{server}/weights", tmp_path / "part", sha256=None)


def test_no_such_file_and_no_such_server(tmp_path: Path) -> None:
    with http_files({}) as server:
        with pytest.raises(LinkUnavailable, match=r"/weights: the server answers 404 Not Found"):
            fetch(f"{server}/weights", tmp_path / "part")
        address = server.replace("http://", "http://user:secret@")
    with pytest.raises(LinkUnavailable) as caught:
        fetch(f"{address}/weights", tmp_path / "part")
    assert "secret" not in str(caught.value)


def test_the_cache_is_where_the_user_wants_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESTRIDE_CACHE", str(tmp_path / "here"))
    assert cache_folder() == tmp_path / "here"
    monkeypatch.delenv("RESTRIDE_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "restride"


def test_nothing_is_left_of_what_did_not_arrive(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "weights"

    def cut_off() -> None:
        with arriving(target) as part:
            part.write_bytes(b"half")
            raise LinkUnavailable("cut off")

    with pytest.raises(LinkUnavailable):
        cut_off()
    assert list(target.parent.iterdir()) == []


def test_a_file_that_was_there_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "weights"
    target.write_bytes(b"old")
    with arriving(target) as part:
        part.write_bytes(b"new")
        assert target.read_bytes() == b"old"
    assert target.read_bytes() == b"new"
    assert target.stat().st_mode & 0o777 == 0o644


def test_two_at_once_do_no_harm(tmp_path: Path) -> None:
    target, both = tmp_path / "weights", Barrier(2)

    def fetch_one() -> None:
        with arriving(target) as part:
            both.wait(5)
            fetch(f"{server}/weights", part)
            both.wait(5)

    with http_files({"weights": Served(CONTENT)}) as server:
        threads = [Thread(target=fetch_one) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [path.name for path in tmp_path.iterdir()] == ["weights"]
    assert target.read_bytes() == CONTENT


def test_a_cache_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with (
        pytest.raises(ConfigInvalid, match=r"/file: cannot write there.*set RESTRIDE_CACHE"),
        arriving(tmp_path / "file" / "weights"),
    ):
        pass


def ignore(what: str, size: int, total: int | None) -> None:
    pass


def test_files_come_out_of_a_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheels = tmp_path / "wheels"
    write_wheel(wheels, "with_weights", "1.0", {"with_weights/a.bin": CONTENT, "with_weights/b.bin": b"b"})
    only_wheels_in(wheels, monkeypatch)
    reports: Reports = []
    wanted = {"with_weights/a.bin": DIGEST}
    files = files_in_wheel("with_weights==1.0", wanted, lambda *each: reports.append(each))
    assert files == {"with_weights/a.bin": CONTENT}
    assert reports[0][0] == "with_weights==1.0 by pip"
    with pytest.raises(
        CheckpointInvalid, match=r"with_weights-1\.0.*a\.bin is not the file expected: sha256 00.*found"
    ):
        files_in_wheel("with_weights==1.0", {"with_weights/a.bin": "00"}, ignore)
    with pytest.raises(CheckpointInvalid, match=r"there is no with_weights/c\.bin in it"):
        files_in_wheel("with_weights==1.0", {"with_weights/c.bin": DIGEST}, ignore)


def test_a_wheel_that_pip_cannot_find(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    only_wheels_in(tmp_path / "wheels", monkeypatch)
    with pytest.raises(LinkUnavailable, match=r"with_weights==1\.0 by pip: No matching distribution") as caught:
        files_in_wheel("with_weights==1.0", {}, ignore)
    assert "\n" not in str(caught.value)
