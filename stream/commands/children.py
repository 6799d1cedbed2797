"""The processes that `restride run` keeps: started, listened to, restarted with back-off, stopped."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 10.0
STOP_SECONDS = 15.0
INVALID = 2  # the exit code of what a person must mend: no restart helps


class Child:
    """One part of the site as a process of its own; its log lines go to `say`, what else it tells to `hear`."""

    def __init__(
        self,
        part: str,
        config: Path,
        say: Callable[[str], None],
        *,
        hear: Callable[[str], None] = lambda _: None,
        debug: bool = False,
    ) -> None:
        self.part = part
        self._hear = hear
        self._command = [sys.executable, "-m", "stream.cli", part, str(config), *(["--debug"] if debug else [])]
        self._say = say
        self._process: subprocess.Popen[str] | None = None
        self._ready = Event()
        self._pause = FIRST_PAUSE_SECONDS
        self._again_at = 0.0
        self._listeners: list[Thread] = []
        self._last_words = ""
        self._told = "", ""  # how it died the time before, and its last words: the same is not told again

    def start(self) -> None:
        self._process = subprocess.Popen(
            [*self._command, "--until-eof"],
            stdin=subprocess.PIPE,  # closes when this process dies, however it dies: then the child stops too
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for this process; it stops its children in order
        )
        self._ready = Event()
        self._last_words = ""
        self._listeners = [
            Thread(target=self._listen, args=(self._process,), daemon=True),
            Thread(target=self._await, args=(self._process, self._ready), daemon=True),
        ]
        for listener in self._listeners:
            listener.start()

    @property
    def started(self) -> bool:
        return self._process is not None

    @property
    def ready(self) -> bool:
        """Whether it said so, on standard output."""
        return self._ready.is_set()

    def exit_code(self) -> int | None:
        """None while it runs."""
        return None if self._process is None else self._process.poll()

    def keep(self) -> int | None:
        """Restart it when it died; its exit code when it ended by itself, well or for good."""
        code = self.exit_code()
        if code is None or code in (0, INVALID):
            return code
        now = time.monotonic()
        if not self._again_at:
            how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
            for listener in self._listeners:
                listener.join(1.0)  # its last words may still be on the way
            if self.ready or self._told != (how, self._last_words):
                self._say(
                    f"the {self.part} process died ({how}); starting it again in {self._pause:g} s, "
                    "then less and less often; the same is not told twice"
                )
            self._told = how, self._last_words
            self._again_at = now + self._pause
            self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)
        elif now >= self._again_at:
            self._again_at = 0.0
            self.start()
        return None

    def stop(self) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._say(f"the {self.part} process did not stop within {STOP_SECONDS:g} s; killed")
            self._process.kill()
            self._process.wait()

    def _listen(self, process: "subprocess.Popen[str]") -> None:
        assert process.stderr is not None
        for line in process.stderr:
            words = line.rstrip("\n")
            if self.ready or words != self._told[1]:  # once it was well, all it says is news
                self._say(words)
            self._last_words = words

    def _await(self, process: "subprocess.Popen[str]", ready: Event) -> None:
        assert process.stdout is not None
        for line in process.stdout:  # to its end: a full pipe would hold the process up
            ready.set()
            self._hear(line)
