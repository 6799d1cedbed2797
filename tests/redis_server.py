"""A real redis-server of the test's own: a free port, a temporary folder, stopped afterwards."""

import shutil
import socket
import subprocess
import time
from pathlib import Path

COMMAND = shutil.which("redis-server")


class RedisServer:
    """Started at once. Keeps its port over a kill and a new start; what it held survives only with persistent=True."""

    def __init__(self, folder: Path, *, persistent: bool = False) -> None:
        self._folder = folder
        self._persistent = persistent
        self.port = _free_port()
        self._process = self._launch()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Again, on the same port, after stop or kill."""
        self._process = self._launch()

    def kill(self) -> None:
        """kill -9: no chance to save."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()

    def _launch(self) -> subprocess.Popen[bytes]:
        assert COMMAND is not None, "redis-server is missing: ask need() first"
        arguments = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "dir": str(self._folder),
            "save": "",
            "appendonly": "yes" if self._persistent else "no",
            "appendfsync": "always",
            "maxmemory-policy": "noeviction",
            "logfile": str(self._folder / "redis.log"),
        }
        process = subprocess.Popen(
            [COMMAND, *(word for key, value in arguments.items() for word in (f"--{key}", value))]
        )
        deadline = time.monotonic() + 10
        while not _answers(self.port, process.pid):
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                process.wait()
                raise RuntimeError(f"redis-server did not start: {(self._folder / 'redis.log').read_text()[-2000:]}")
            time.sleep(0.01)
        return process


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int, process_id: int) -> bool:
    """Whether this very process serves there: another test may have been given the port, and loading takes time."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"INFO server\r\nPING\r\n")
            said = b""
            while chunk := connection.recv(1 << 16):
                said += chunk
                if said.endswith(b"+PONG\r\n"):
                    return f"process_id:{process_id}\r\n".encode() in said
                if b"-LOADING" in said:
                    return False
    except OSError:
        pass
    return False
