"""Where fetched weights lie, and how they get there: whole, or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reid_core.errors import ConfigInvalid


def cache_folder() -> Path:
    """$RESTRIDE_CACHE, or ~/.cache/restride."""
    named = os.environ.get("RESTRIDE_CACHE") or "~/.cache/restride"
    try:
        return Path(named).expanduser()
    except RuntimeError as error:  # a container's user may have no home
        raise ConfigInvalid(f"{named}: {error}; set RESTRIDE_CACHE to a folder") from error


@contextmanager
def arriving(target: Path) -> Iterator[Path]:
    """An empty file beside the target; it takes the target's name when the block ends well, and goes when it does not.

    Readers never see half a file, and two processes that fetch at once both succeed: the later one wins.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        raise ConfigInvalid(
            f"{target.parent}: cannot write there ({error.strerror}); set RESTRIDE_CACHE to another folder"
        ) from error
    os.close(handle)
    part = Path(name)
    try:
        yield part
        part.chmod(0o644)  # temporary files are for their owner alone; these are for every user of the cache
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
