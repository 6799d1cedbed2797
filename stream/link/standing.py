"""Logs tell state changes: that a thing broke, and that it works again, once each."""

from logging import Logger


class Standing:
    def __init__(self, log: Logger, what: str) -> None:
        self._log = log
        self._what = what
        self._broken = False

    def broke(self, why: object) -> None:
        if not self._broken:
            self._broken = True
            self._log.warning("%s: %s", self._what, why)

    def works(self) -> None:
        if self._broken:
            self._broken = False
            self._log.warning("%s: works again", self._what)
