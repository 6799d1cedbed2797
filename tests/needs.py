"""What a test needs of the machine: skipped with the reason where a user lacks it, failed where CI does."""

import os

import pytest


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def need(reason_if_missing: str, present: bool) -> None:
    """Skip this test with the reason; with CI=true, fail it: there, everything a test needs is installed."""
    if present:
        return
    if in_ci():
        pytest.fail(f"CI must have it: {reason_if_missing}", pytrace=False)
    pytest.skip(reason_if_missing)
