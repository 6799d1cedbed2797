"""What restride-lab says of warnings, while it runs and only then."""

import logging

import pytest

from reid_core.cli_logs import warnings_shown

LOG = logging.getLogger("restride.data")


def test_a_warning_is_one_line_without_a_password(capsys: pytest.CaptureFixture[str]) -> None:
    with warnings_shown(debug=False):
        LOG.info("reading")
        LOG.warning("skipped: %s", "http://joe:hunter2@10.0.0.1/1.jpg")
    LOG.warning("afterwards")
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "restride-lab: warning: skipped: http://***@10.0.0.1/1.jpg\n"


def test_debug_shows_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    with warnings_shown(debug=True):
        LOG.debug("reading")
    assert capsys.readouterr().err == "restride-lab: debug: reading\n"
