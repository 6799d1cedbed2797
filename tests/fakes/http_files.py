"""A web server on this machine that serves files: whole, cut off, or slowly."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass(frozen=True)
class Served:
    content: bytes
    announced: int | None = None  # its length by the header; None tells the truth, -1 says nothing
    pause_seconds: float = 0.0  # after each half


@contextmanager
def http_files(files: Mapping[str, Served]) -> Iterator[str]:
    """files: by path, without the slash in front. Gives the address that ends before it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served = files.get(self.path.removeprefix("/"))
            if served is None:
                self.send_error(404)
                return
            self.send_response(200)
            length = len(served.content) if served.announced is None else served.announced
            if length >= 0:
                self.send_header("Content-Length", str(length))
            self.end_headers()
            half = len(served.content) // 2
            for part in (served.content[:half], served.content[half:]):
                self.wfile.write(part)
                self.wfile.flush()
                time.sleep(served.pause_seconds)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """A client that hangs up is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
