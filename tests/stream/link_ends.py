"""Addresses nobody listens on yet, and waiting for what another thread does."""

import socket
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from stream.link.addresses import LinkOptions


def free_tcp() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{probe.getsockname()[1]}"


def link_options(kind: str, folder: Path, **rest: Any) -> LinkOptions:
    """Options of the three addresses, over tcp or over ipc, with a quick pulse."""
    names = ("tracklets", "events", "replay")
    addresses = {name: free_tcp() if kind == "tcp" else f"ipc://{folder}/{name}" for name in names}
    return LinkOptions(**{"resend_seconds": 0.2, "poll_seconds": 0.05, **addresses, **rest})


def eventually(what: Callable[[], Any], seconds: float = 10.0) -> bool:
    until = monotonic() + seconds
    while monotonic() < until:
        if what():
            return True
        sleep(0.005)
    return bool(what())
