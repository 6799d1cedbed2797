"""What is logged reaches the screen in one form, without credentials."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOGGER = re.compile(r"getLogger\(([^)]*)\)")


@pytest.mark.parametrize("wing", ["stream", "plugins", "trackers", "reid_core"])
def test_every_logger_hangs_below_the_one_that_is_set_up(wing: str) -> None:
    names = [
        f"{path.name}: {name}"
        for path in (ROOT / wing).rglob("*.py")
        for name in LOGGER.findall(path.read_text(encoding="utf-8"))
        if not re.match(r'"restride(\.[a-z_.]+)?"$', name)
    ]
    assert not names


def test_a_line_has_time_and_level_and_no_password() -> None:
    code = (
        "import logging, stream.logs; stream.logs.set_up(); "
        "logging.getLogger('restride.link').warning('lost rtsp://joe:hunter2@10.0.0.1/1')"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"\d\d:\d\d:\d\d warning lost rtsp://\*\*\*@10\.0\.0\.1/1\n", run.stderr)
