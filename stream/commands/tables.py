"""Tables on the screen; into a pipe or a file they are as wide as they need to be, so that nothing is cut or folded."""

from rich.console import Console
from rich.table import Table

_ANY_WIDTH = 10_000  # columns


def show(table: Table, console: Console | None = None) -> None:
    console = console or Console()
    if not console.is_terminal:
        needed = console.measure(table, options=console.options.update(width=_ANY_WIDTH)).maximum
        console.width = max(console.width, needed)
    console.print(table)
