"""`restride worker` and `restride identity`: one part of a site, in this process, until it is told to stop."""

import os
import signal
from pathlib import Path
from threading import Event, Thread

from stream.metrics import Metrics
from stream.settings import need_cameras, read_settings


def worker(config: Path, *, until_eof: bool = False) -> int:
    settings = read_settings(config)
    need_cameras(settings, config)
    from stream.worker import work

    stop, metrics = _told_to_stop(until_eof), Metrics()
    if until_eof:
        from stream.commands.progress import tell_progress

        tell_progress(metrics, [camera.name for camera in settings.cameras], stop)
    return 0 if work(settings, stop, metrics) else 2


def identity(config: Path, *, until_eof: bool = False) -> int:
    settings = read_settings(config)
    from stream.identity.server import serve

    if until_eof:
        serve(settings, _told_to_stop(until_eof), Metrics(), _tell_parent)
    else:
        serve(settings, _told_to_stop(until_eof), Metrics())
    return 0


def _tell_parent() -> None:
    """`restride run` reads it: its worker must not meet another site's service, which has the addresses already."""
    print("listening", flush=True)  # noqa: T201


def _told_to_stop(until_eof: bool) -> Event:
    """Set by SIGTERM and by Ctrl-C, a second one ends the process at once; or when standard input closes."""
    stop = Event()

    def order(number: int, _: object) -> None:
        stop.set()
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, order)
    if until_eof:

        def await_end() -> None:
            while os.read(0, 4096):  # not sys.stdin: its lock must not be held when the process ends
                pass
            stop.set()

        Thread(target=await_end, name="end of input", daemon=True).start()
    return stop
