"""A table that a program reads is whole."""

from io import StringIO

import pytest
from rich.console import Console
from rich.table import Table

from stream.commands.tables import show

LONG = "a" * 300


def shown(*, terminal: bool) -> str:
    table = Table(show_edge=False)
    table.add_column("name")
    table.add_column("where")
    table.add_row("P-0123456789", LONG)
    out = StringIO()
    show(table, Console(file=out, width=80, force_terminal=terminal))
    return out.getvalue()


@pytest.mark.parametrize("text", ["P-0123456789", LONG])
def test_into_a_pipe_nothing_is_cut(text: str) -> None:
    assert text in shown(terminal=False)


def test_a_terminal_is_never_overrun() -> None:
    assert LONG not in shown(terminal=True)
