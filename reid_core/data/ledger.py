"""Who looked at the pictures, and where nothing was found: of all the others there is a file to know it by."""

import json
from collections.abc import Iterable
from pathlib import Path
from threading import Lock

import msgspec

from reid_core.errors import ConfigInvalid, DataSetInvalid
from reid_core.options import PluginUse


class Ledger:
    """A text file: first the plugin and its options, then a line for each picture without an answer."""

    def __init__(self, path: Path, by: PluginUse) -> None:
        self._path, self._lock = path, Lock()
        self._nothing = self._opened(by)

    def has(self, picture: str) -> bool:
        return picture in self._nothing

    def add(self, pictures: Iterable[str]) -> None:
        """From any thread."""
        self._append("".join(f"{json.dumps(picture)}\n" for picture in pictures))

    def _opened(self, by: PluginUse) -> frozenset[str]:
        now = msgspec.json.encode(by, order="deterministic").decode()
        try:
            lines = self._path.read_text(encoding="utf-8").split("\n") if self._path.exists() else []
        except (OSError, UnicodeDecodeError) as error:
            raise DataSetInvalid(f"{self._path}: cannot be read; delete it, and --again makes all anew") from error
        if not lines or not lines[0]:
            self._append(f"{now}\n")
            return frozenset()
        if lines[0] != now:
            raise ConfigInvalid(
                f"{self._path}: these were made by {lines[0]}, not by {now}; give the same options, another --cache, "
                "or make all of them by --again"
            )
        if lines[-1]:  # the line that somebody was killed in
            self._append("\n")
        return frozenset(json.loads(line) for line in lines[1:-1] if line.startswith('"') and line.endswith('"'))

    def _append(self, text: str) -> None:
        try:
            with self._lock, self._path.open("a", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise DataSetInvalid(f"{self._path}: cannot be written ({error.strerror})") from error
