"""The address of a store, and the name of what is kept in it."""

import os
from pathlib import Path

from reid_core.errors import ConfigInvalid, redacted


def scheme_of(address: str) -> str:
    return address.partition("://")[0] if "://" in address else ""


def sqlite_path(address: str) -> Path:
    """sqlite:///relative.db, sqlite:////absolute.db."""
    path = address.removeprefix("sqlite:///")
    if path == address or not path or path.startswith(":memory:"):
        raise ConfigInvalid(
            f"store {redacted(address)}: names no file; write sqlite:///restride.db, or sqlite:////var/lib/restride.db "
            "for an absolute path"
        )
    return Path(path).absolute()  # absolute at once: the process may change its folder later


def file_is_there(address: str) -> bool:
    """False where there is none yet. Raises ConfigInvalid where none can be made; makes none itself."""
    path = sqlite_path(address)
    if os.access(path, os.F_OK):  # unlike exists(), never an error
        return True
    folder = next(each for each in path.parents if os.access(each, os.F_OK))
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        what = "cannot be written" if folder.is_dir() else "is no folder"
        raise ConfigInvalid(f"store {address}: cannot make {path}: {folder} {what}; choose another path")
    return False


def check_namespace(namespace: str) -> None:
    # Braces are the hash tag that keeps a namespace on one node of a Redis cluster
    if not namespace or len(namespace) > 64 or any(each in "{}" or not each.isprintable() for each in namespace):
        raise ConfigInvalid(
            f"namespace {namespace[:80]!r}: expected 1 to 64 printable characters without braces, such as 'site'"
        )
