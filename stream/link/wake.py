"""Wake a thread that polls its sockets."""

import socket
from contextlib import suppress


class Wake:
    """Poll it beside the sockets: readable once another thread has called set()."""

    def __init__(self) -> None:
        self._ours, self._theirs = socket.socketpair()
        self._ours.setblocking(False)
        self._theirs.setblocking(False)

    def fileno(self) -> int:
        return self._ours.fileno()

    def set(self) -> None:
        """From any thread, even after close()."""
        with suppress(OSError):  # full: it is awake already; closed: nobody sleeps
            self._theirs.send(b"\0")

    def clear(self) -> None:
        with suppress(BlockingIOError):
            while self._ours.recv(4096):
                pass

    def close(self) -> None:
        self._ours.close()
        self._theirs.close()
