"""`restride run`: a whole site on this machine, as a small tree of processes, with its events on the screen."""

import logging
import signal
from contextlib import ExitStack
from pathlib import Path

from reid_core.records import IdentityEvent
from stream.client import subscribe
from stream.commands.arrivals import Arrivals
from stream.commands.children import Child
from stream.commands.progress import Bars
from stream.commands.screen import Screen
from stream.commands.summary import Summary
from stream.settings import Settings, need_cameras, read_settings

QUIET_SECONDS = 2.5  # longer than two heartbeats: an event that was lost on the way has been asked for again


def run(config: Path, *, summary: bool = False) -> int:
    settings = read_settings(config)
    need_cameras(settings, config)
    return run_site(settings, config, Summary() if summary else None)


def run_site(settings: Settings, config: Path, summary: Summary | None, bars: Bars | None = None) -> int:
    """Until every camera is over, or Ctrl-C. Exit code 2 when a part or a camera failed for good.

    A summary is told what is seen, and printed if anything was; bars are told how far recordings are.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    debug = logging.getLogger("restride").isEnabledFor(logging.DEBUG)
    with ExitStack() as stack:
        screen = stack.enter_context(Screen(bars=bars))

        def take(event: IdentityEvent) -> None:
            if not worker.started:  # of another site, at whose addresses ours finds no place
                return
            screen.show(event)
            if summary is not None:
                summary.add(event)

        identity = Child("identity", config, screen.say, debug=debug)
        worker = Child("worker", config, screen.say, hear=screen.hear, debug=debug)
        subscription = subscribe(settings.link.events, settings.link.replay, connect_seconds=None)
        events = stack.enter_context(Arrivals(subscription))
        stack.callback(identity.stop)
        stack.callback(worker.stop)  # before the identity service, which takes its last tracklets
        code: int | None = None
        try:
            identity.start()
            while code is None:
                code = identity.keep()
                if code is None and identity.ready and subscription.position is not None and not worker.started:
                    worker.start()  # only now: not one event may be missed
                if code is None:
                    code = worker.keep()
                for event in events.within(0.2):
                    take(event)
        except KeyboardInterrupt:
            screen.say("stopping: waiting for the last tracklets; Ctrl-C again stops at once")
            worker.stop()
            code = 0
        for event in events.until_quiet(QUIET_SECONDS if worker.started else 0.0):
            take(event)
    if summary is not None and (code == 0 or summary.any):  # one bad clip does not hide what the others showed
        print(summary)  # noqa: T201
    return code
