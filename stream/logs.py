"""Logging: state changes, one line each, on stderr. What happens per frame is a metric, not a line."""

import logging
import sys

from reid_core.errors import redacted


class _Plain(logging.Formatter):
    """`12:03:04 warning camera door: ...`, without the credentials of any address."""

    def format(self, record: logging.LogRecord) -> str:
        record.levelname = record.levelname.lower()
        return redacted(super().format(record))


def set_up(debug: bool = False) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Plain("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
    root = logging.getLogger("restride")
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG if debug else logging.INFO)
    root.propagate = False
