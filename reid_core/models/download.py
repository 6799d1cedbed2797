"""One file from one address: bounded in size and time, and checked against its sha256."""

import hashlib
import time
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from reid_core.errors import CheckpointInvalid, LinkUnavailable, redacted
from reid_core.protocols import Report

CHUNK_BYTES = 1 << 16
SILENCE_SECONDS = 20.0  # without a byte from the other end


def download(
    url: str, target: Path, *, sha256: str | None, most_bytes: int, report: Report, most_seconds: float = 900.0
) -> None:
    """Into a file that nobody reads yet.

    Raises LinkUnavailable when it does not come, CheckpointInvalid when it is not what it should be.
    """
    shown = redacted(url)
    try:
        with urlopen(url, timeout=SILENCE_SECONDS) as response:
            size, digest = _copy(response, target, shown, most_bytes, most_seconds, report)
            announced = response.headers.get("Content-Length")
    except HTTPError as error:
        raise LinkUnavailable(f"{shown}: the server answers {error.code} {error.reason}") from error
    except (OSError, HTTPException) as error:
        raise LinkUnavailable(f"{shown}: {getattr(error, 'reason', None) or error or type(error).__name__}") from error
    if announced is not None and size < int(announced):
        raise LinkUnavailable(f"{shown}: cut off after {size} of {announced} bytes")
    if sha256 is not None and digest != sha256:
        raise CheckpointInvalid(f"{shown}: not the file expected: sha256 {sha256}, found {digest} ({size} bytes)")


def _copy(
    response: HTTPResponse, target: Path, shown: str, most_bytes: int, most_seconds: float, report: Report
) -> tuple[int, str]:
    announced = response.headers.get("Content-Length")
    total = int(announced) if announced is not None and announced.isdecimal() else None
    give_up = time.monotonic() + most_seconds
    digest = hashlib.sha256()
    size = 0
    with target.open("wb") as file:
        while chunk := response.read(CHUNK_BYTES):
            size += len(chunk)
            if size > most_bytes:
                raise CheckpointInvalid(f"{shown}: more than {most_bytes} bytes; this cannot be the file")
            if time.monotonic() > give_up:
                raise LinkUnavailable(f"{shown}: took more than {most_seconds:g} s; {size} bytes came")
            digest.update(chunk)
            file.write(chunk)
            report(shown, size, total)
    return size, digest.hexdigest()
