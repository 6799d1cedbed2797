"""What all readers stand on: where a data set lies, which files count, and what does not fit its layout."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from reid_core.data.samples import Kind, Sample
from reid_core.errors import DataSetInvalid

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".bmp"})
_CLUTTER = frozenset({"Thumbs.db", "desktop.ini", "__MACOSX"})  # left by the systems that the archives came through


@dataclass(frozen=True, slots=True)
class Odd:
    """A file that does not fit the layout."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


Found = Iterable[Sample | Odd]


@dataclass(frozen=True, slots=True)
class Layout:
    """How one data set lies on disk."""

    kind: Kind
    homes: tuple[str, ...]  # the names that its folder goes by; the root may also be that folder itself
    parts: tuple[str, ...]  # files and folders that make it this data set
    read: Callable[[Path], Mapping[str, Found]]  # its folder -> train, query, gallery and what the protocol leaves out
    settings: tuple[str, ...]


def home(root: Path, layout: Layout, name: str) -> Path:
    """The folder that holds the parts: the root, or one of the known names below it."""
    if not root.is_dir():
        raise DataSetInvalid(f"{name}: no folder {root}; give the folder that holds {_listed(layout.parts)}")
    for candidate in (root, *(root / each for each in layout.homes)):
        if all((candidate / part).exists() for part in layout.parts):
            return candidate
    raise DataSetInvalid(
        f"{name}: {root} holds {_listed(sorted(each.name for each in root.iterdir())[:8]) or 'nothing'}; "
        f"expected {_listed(layout.parts)} in it or in its {' or '.join(layout.homes)}"
    )


def entries(folder: Path) -> list[os.DirEntry[str]]:
    """Everything in a folder but clutter, sorted by name: the order must not depend on the file system."""
    with os.scandir(folder) as found:
        return sorted((each for each in found if not _is_clutter(each.name)), key=lambda each: each.name)


def folders(folder: Path) -> Iterator[Path | Odd]:
    for entry in entries(folder):
        path = Path(entry.path)
        yield path if entry.is_dir() else Odd(path, "expected only folders here")


def pictures(folder: Path) -> Iterator[Path | Odd]:
    for entry in entries(folder):
        path = Path(entry.path)
        is_picture = path.suffix.lower() in PICTURES and not entry.is_dir()
        yield path if is_picture else Odd(path, "expected only pictures here")


def lines(listed: Path) -> list[str]:
    """The lines of a list that hold anything."""
    try:
        text = listed.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataSetInvalid(f"{listed}: not a list that can be read ({error}); copy it again") from error
    return [line.strip() for line in text.splitlines() if line.strip()]


def _is_clutter(name: str) -> bool:
    return name.startswith(".") or name in _CLUTTER


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
