"""What may be wrong with a file: each in one line that names it and the fix."""

import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from reid_core.errors import ConfigInvalid, StoreUnavailable
from stream.store.open import open_kept, open_store
from stream.store.sqlite import SqliteStore
from tests.stream.sightings import embedding, event


def message_of(address: str, namespace: str = "site") -> str:
    with pytest.raises(ConfigInvalid) as error:
        open_store(address, namespace)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_folder(tmp_path: Path) -> None:
    message = message_of(f"sqlite:///{tmp_path}")
    assert f"{tmp_path} is a folder" in message
    assert "restride.db" in message


def test_not_a_database(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Dear diary, today I was not a database. " * 100)
    message = message_of(f"sqlite:///{path}")
    assert str(path) in message
    assert "is not a database" in message
    assert path.read_text().startswith("Dear diary")


def test_the_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE wine (year INTEGER)")
    other.commit()
    other.close()
    assert "another program" in message_of(f"sqlite:///{path}")
    other = sqlite3.connect(path)
    assert [name for (name,) in other.execute("SELECT name FROM sqlite_master")] == ["wine"]
    other.close()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    message = message_of(f"sqlite:///{tmp_path}/file/identities.db")
    assert f"cannot make the folder {tmp_path}/file" in message


def test_a_place_that_cannot_be_written() -> None:
    message = message_of("sqlite:////proc/restride.db")
    assert "cannot be opened or created" in message
    assert "another path" in message


@pytest.mark.parametrize("address", ["sqlite://", "sqlite:///", "sqlite://relative.db", "sqlite:///:memory:"])
def test_no_file_named(address: str) -> None:
    assert "sqlite:///restride.db" in message_of(address)


@pytest.mark.parametrize("namespace", ["", "a{b", "a}b", "new\nline", "x" * 65])
def test_a_namespace_that_cannot_be(tmp_path: Path, namespace: str) -> None:
    assert "namespace" in message_of(f"sqlite:///{tmp_path}/a.db", namespace)


def test_another_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "identities.db"
    open_store(f"sqlite:///{path}", "site").close()
    raw = sqlite3.connect(path)
    raw.execute("UPDATE about SET schema = '99.1'")
    raw.commit()
    raw.close()
    message = message_of(f"sqlite:///{path}")
    assert "schema '99.1'" in message
    assert "run the restride that wrote it" in message


def test_a_relative_address_and_a_folder_that_is_not_there_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = SqliteStore("sqlite:///state/identities.db", "site")
    monkeypatch.chdir("/")
    piece = embedding()
    store.commit(piece, event(piece), 0)
    store.close()
    assert (tmp_path / "state" / "identities.db").exists()


def test_who_only_looks_makes_nothing(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/state/identities.db"
    assert open_kept(address, "site") is None
    assert not list(tmp_path.iterdir())
    open_store(address, "site").close()
    kept = open_kept(address, "site")
    assert kept is not None
    kept.close()


def test_who_only_looks_is_told_where_no_store_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigInvalid, match=r"/file is no folder; choose another path"):
        open_kept(f"sqlite:///{tmp_path}/file/identities.db", "site")


def test_closed(tmp_path: Path) -> None:
    store = SqliteStore(f"sqlite:///{tmp_path}/a.db", "site")
    store.close()
    with pytest.raises(StoreUnavailable, match=r"a\.db"):
        store.version()


def test_a_full_disk_changes_nothing(tmp_path: Path) -> None:
    # A limit on the size of files stands in for the disk; it holds for a whole process, so the test has its own
    script = textwrap.dedent("""
        import resource, signal, sys
        from reid_core.errors import StoreUnavailable
        from stream.store.open import open_store
        from tests.stream.sightings import embedding, event

        store = open_store(sys.argv[1], "site")
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
        try:
            for track in range(1000):
                piece = embedding(track)
                store.commit(piece, event(piece), track)
        except StoreUnavailable as error:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            assert store.version() == store.last_sequence() == len(store.sightings(0, 5000)) == track > 10
            piece = embedding(track)
            assert store.commit(piece, event(piece), track).sequence == track + 1
            print(error)
    """)
    address = f"sqlite:///{tmp_path}/a.db"
    root = Path(__file__).parents[2]
    answer = subprocess.run(
        [sys.executable, "-c", script, address], cwd=root, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    assert address in answer.stdout


def test_unknown_scheme() -> None:
    message = message_of("postgres://user:secret@db/restride")
    assert "secret" not in message
    assert "known: redis://, rediss://, sqlite://" in message
    assert "unknown scheme ''" in message_of("restride.db")
