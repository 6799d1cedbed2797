"""A tracker's state as bytes, for the next worker: numpy's own format, nothing in it is run when it is read."""

import io
import zipfile
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from reid_core.errors import RecordInvalid

VERSION = 1  # of what is in it; another version is refused

State = dict[str, NDArray[np.generic]]


def packed(tracker: str, state: Mapping[str, NDArray[np.generic]]) -> bytes:
    out = io.BytesIO()
    head = {"tracker": np.array(tracker), "version": np.array(VERSION)}
    # mypy takes a dict's values for savez's own flag
    np.savez(out, **head, **state)  # type: ignore[arg-type]
    return out.getvalue()


def unpacked(tracker: str, data: bytes) -> State:
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            state: State = dict(file)
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise RecordInvalid(f"state of tracker {tracker}: not one, or cut short: {error}; start without it") from error
    found = f"{state.pop('tracker', None)}, version {state.pop('version', None)}"
    if found != f"{tracker}, version {VERSION}":
        raise RecordInvalid(f"state of tracker {tracker}, version {VERSION}: found one of {found}; start without it")
    return state
