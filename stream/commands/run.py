"""`restride run`: a whole site on this machine, as a small tree of processes, with its events on the screen."""

import logging
import signal
from contextlib import ExitStack
from pathlib import Path

from stream.client import subscribe
from stream.commands.arrivals import Arrivals
from stream.commands.children import Child
from stream.commands.screen import Screen
from stream.commands.summary import Summary
from stream.settings import Settings, need_cameras, read_settings

QUIET_SECONDS = 2.5  # longer than two heartbeats: an event that was lost on the way has been asked for again


def run(config: Path, *, summary: bool = False) -> int:
    settings = read_settings(config)
    need_cameras(settings, config)
    return run_site(settings, config, summary=summary)


def run_site(settings: Settings, config: Path, *, summary: bool) -> int:
    """Until every camera is over, or Ctrl-C. Exit code 2 when a part or a camera failed for good."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    debug = logging.getLogger("restride").isEnabledFor(logging.DEBUG)
    seen = Summary()
    with ExitStack() as stack:
        screen = stack.enter_context(Screen())
        identity = Child("identity", config, screen.say, debug=debug)
        worker = Child("worker", config, screen.say, debug=debug)
        subscription = subscribe(settings.link.events, settings.link.replay, connect_seconds=None)
        events = stack.enter_context(Arrivals(subscription))
        stack.callback(identity.stop)
        stack.callback(worker.stop)  # before the identity service, which takes its last tracklets
        code: int | None = None
        try:
            identity.start()
            while code is None:
                if subscription.position is not None and not worker.started:  # not one event may be missed
                    worker.start()
                code = identity.keep()
                if code is None:
                    code = worker.keep()
                for event in events.within(0.2):
                    screen.show(event)
                    seen.add(event)
        except KeyboardInterrupt:
            screen.say("stopping: waiting for the last tracklets; Ctrl-C again stops at once")
            worker.stop()
            code = 0
        for event in events.until_quiet(QUIET_SECONDS if worker.started else 0.0):
            screen.show(event)
            seen.add(event)
    if summary and code == 0:
        print(seen)  # noqa: T201
    return code
