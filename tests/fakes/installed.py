"""Plugins that are installed for one test: a distribution with entry points, really on sys.path."""

from collections.abc import Mapping
from pathlib import Path

import pytest


def install_plugins(folder: Path, monkeypatch: pytest.MonkeyPatch, points: Mapping[str, Mapping[str, str]]) -> None:
    """points: kind -> name -> module:Class."""
    info = folder / "restride_test_plugins-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: restride-test-plugins\nVersion: 1.0\n")
    lines = []
    for kind, plugins in points.items():
        lines += [f"[restride.{kind}]", *(f"{name} = {value}" for name, value in plugins.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    monkeypatch.syspath_prepend(str(folder))
