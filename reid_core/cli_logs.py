"""What `restride-lab` shows of the log: warnings, a line each on stderr, without the credentials of any address."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from reid_core.errors import redacted


class _Lines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        # the stderr of this moment: while a progress bar is shown, it is the bar's, which writes above itself
        typer.echo(redacted(f"restride-lab: {record.levelname.lower()}: {self.format(record)}"), err=True)


@contextmanager
def warnings_shown(debug: bool) -> Iterator[None]:
    """`debug`: and all that is less than a warning."""
    log, handler = logging.getLogger("restride"), _Lines()
    before = log.level
    log.addHandler(handler)
    log.setLevel(logging.DEBUG if debug else logging.INFO)
    handler.setLevel(logging.DEBUG if debug else logging.WARNING)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(before)
