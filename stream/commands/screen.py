"""Where `restride run` shows its events: a live table on a terminal, a line each elsewhere."""

from collections import deque
from threading import Lock
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from reid_core.records import IdentityEvent
from stream.commands.lines import Line, Narrator
from stream.commands.progress import Bars

ROWS = 18
COLOURS = {"new": "cyan", "match": "bold green", "confirmed": "green", "unsure": "yellow", "still here": "dim"}


class Screen:
    def __init__(self, console: Console | None = None, bars: Bars | None = None) -> None:
        self._console = console or Console()
        self._bars = bars
        self._narrator = Narrator()
        self._lines: deque[Line] = deque(maxlen=ROWS)
        self._live = Live(self._view(), console=self._console, auto_refresh=False)
        self._lock = Lock()  # log lines of the children come from threads of their own

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._live.stop()

    def show(self, event: IdentityEvent) -> None:
        line = self._narrator.tell(event)
        with self._lock:
            self._lines.append(line)
            if self._console.is_terminal:
                self._live.update(self._view(), refresh=True)
            else:
                self._console.print(Text(str(line)), soft_wrap=True)

    def say(self, text: str) -> None:
        """Something that is no event: above the table."""
        with self._lock:
            self._console.print(Text(text, style="dim"), soft_wrap=True)

    def hear(self, line: str) -> None:
        """What the worker tells of its progress."""
        if self._bars is None or not self._console.is_terminal:
            return
        self._bars.hear(line)
        with self._lock:
            self._live.update(self._view(), refresh=True)

    def _view(self) -> RenderableType:
        return self._table() if self._bars is None else Group(self._table(), self._bars.display)

    def _table(self) -> Table:
        table = Table(title="identity events", title_justify="left", expand=True, show_edge=False)
        for name, width in (("seen at", 8), ("camera", 10), ("identity", 14), ("verdict", 10)):
            table.add_column(name, min_width=width, no_wrap=True)
        table.add_column("why", ratio=1, no_wrap=True, overflow="ellipsis")
        if not self._lines:
            table.add_row("", "", "", "", Text("waiting for the first person", style="dim"))
        for line in self._lines:
            what = Text(line.what, style=COLOURS.get(line.what, ""))
            table.add_row(line.time, line.camera, line.identity, what, line.detail)
        return table
