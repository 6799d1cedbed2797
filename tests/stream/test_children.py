"""What a child that keeps dying says: once what is the same, again what is new."""

import sys
import time
from pathlib import Path

from stream.commands.children import Child

DEATH = "the identity process died (exit code 1)"


class Dying(Child):
    """A child that says what its file holds, and dies."""

    def __init__(self, words: Path, said: list[str]) -> None:
        super().__init__("identity", words, said.append)
        code = f"import sys; sys.stderr.write(open({str(words)!r}).read()); sys.exit(1)"
        self._command = [sys.executable, "-S", "-c", code]
        self._pause = 0.01

    def dies(self, times: int) -> None:
        for _ in range(times):
            deadline = time.monotonic() + 20
            before = self._process
            while self._process is before and time.monotonic() < deadline:
                assert self.keep() is None
                self._pause = 0.01
                time.sleep(0.005)


def test_the_same_death_is_told_once_and_again_when_it_changes(tmp_path: Path) -> None:
    words, said = tmp_path / "words", list[str]()
    words.write_text("no Redis there\n")
    child = Dying(words, said)
    child.start()
    child.dies(3)
    assert [line.partition(";")[0] for line in said] == ["no Redis there", DEATH]
    (tmp_path / "others").write_text("no password given\n")
    (tmp_path / "others").rename(words)  # whole, for the child that reads it at this moment
    child.dies(3)
    assert [line.partition(";")[0] for line in said[2:]] == ["no password given", DEATH]
    child.stop()


def test_a_death_after_it_was_well_is_told_again(tmp_path: Path) -> None:
    words, said = tmp_path / "words", list[str]()
    words.write_text("no Redis there\n")
    child = Dying(words, said)
    child._command[-1] = "print('listening', flush=True); " + child._command[-1]
    child.start()
    child.dies(2)
    assert len([line for line in said if line.startswith(DEATH)]) == 2
    child.stop()
