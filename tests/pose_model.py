"""The real pose landmarker, for the tests that want it: they are skipped where it was not fetched."""

import os
from pathlib import Path

import pytest

from plugins.poses.landmarker_file import POSE_LANDMARKER


def pose_model() -> Path:
    """What RESTRIDE_POSE_MODEL names, or what lies in the cache."""
    named = os.environ.get("RESTRIDE_POSE_MODEL")
    path = Path(named) if named else POSE_LANDMARKER.path()
    if path is None or not path.is_file():
        pytest.skip(
            f"no pose landmarker at {path}; see RESTRIDE_POSE_MODEL"
            if path
            else f"the pose landmarker was not fetched: restride models fetch {POSE_LANDMARKER.name}"
        )
    return path
