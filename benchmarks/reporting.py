"""What every benchmark leaves: a table for people, and JSON that says where, when and with what it was measured."""

import json
import os
import platform
import shlex
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

FOLDER = Path("build/benchmarks")

Value = str | int | float | None  # None: it was not measured; figures that hold for many rows stand in a note


def arguments(name: str, doc: str | None) -> ArgumentParser:
    """A command line with --json; the benchmark adds its own options."""
    parser = ArgumentParser(
        f"python -m benchmarks.{name}", description=doc, formatter_class=RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, default=FOLDER / f"{name}.json", help="file to write (%(default)s)")
    return parser


class Report:
    """Rows under fixed columns: each is told when it is measured, and the whole table at the end."""

    def __init__(self, name: str, *columns: str, libraries: tuple[str, ...] = ("numpy",)) -> None:
        self._name = name
        self._columns = columns
        self._rows: list[tuple[Value, ...]] = []
        self._notes: list[str] = []
        self._load = os.getloadavg()[0]
        self._begin = datetime.now(UTC)
        self._versions = {each: version(each) for each in ("restride", *libraries)}

    def row(self, *values: Value) -> None:
        named = list(zip(self._columns, values, strict=True))
        self._rows.append(values)
        print("  ".join(f"{column} {_text(value)}" for column, value in named), file=sys.stderr, flush=True)

    def note(self, text: str) -> None:
        """What a reader must know to judge the figures."""
        self._notes.append(text)

    def finish(self, path: Path) -> None:
        table = Table(title=self._name)
        for place, column in enumerate(self._columns):
            table.add_column(column, justify="right" if place else "left", no_wrap=place == 0)
        for row in self._rows:
            table.add_row(*map(_text, row))
        console = Console(width=None if sys.stdout.isatty() else 200)
        console.print(table)
        for note in self._notes:
            console.print(note, highlight=False)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self._facts(), indent=1, allow_nan=False) + "\n", encoding="utf-8")
        console.print(f"written to {path}", highlight=False)

    def _facts(self) -> dict[str, object]:
        return {
            "benchmark": self._name,
            "command": shlex.join(sys.orig_argv),
            "date": self._begin.isoformat(timespec="seconds"),
            "machine": _machine(),
            "cores": len(os.sched_getaffinity(0)),
            "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
            "load_before": round(self._load, 2),  # processes that ran or waited for a core, the minute before
            "versions": {"python": platform.python_version(), **self._versions},
            "notes": self._notes,
            "rows": [dict(zip(self._columns, row, strict=True)) for row in self._rows],
        }


def _machine() -> str:
    """The processor by name, where the system tells it."""
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text(encoding="utf-8").splitlines() if facts.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{platform.machine()} {names[0] if names else platform.processor()}".strip()


def _text(value: Value) -> str:
    match value:
        case None:
            return "-"
        case float():
            return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
        case int():
            return f"{value:,}"
    return value
