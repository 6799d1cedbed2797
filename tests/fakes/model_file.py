"""A model file that is fetched from a folder of this machine, for tests of what shows and fetches model files."""

import os
from dataclasses import dataclass
from pathlib import Path

from reid_core.errors import CheckpointInvalid
from reid_core.protocols import Report

CONTENT = b"weights" * 1000


@dataclass(frozen=True)
class FolderModel:
    """Fetched out of $TEST_MODEL_SOURCE into $RESTRIDE_CACHE."""

    name: str
    sha256: str | None
    purpose: str = "a test"
    licence: str = "Apache-2.0"
    sources: tuple[str, ...] = ("https://weights.example/a.bin", "built from nothing")
    size_bytes: int = 12_300_000

    def path(self) -> Path | None:
        path = Path(os.environ["RESTRIDE_CACHE"]) / self.name
        return path if path.is_file() else None

    def fetch(self, report: Report) -> Path:
        source = Path(os.environ["TEST_MODEL_SOURCE"])
        if not source.is_file():
            raise CheckpointInvalid(f"{self.name} cannot be fetched: {source} is not there")
        target = Path(os.environ["RESTRIDE_CACHE"]) / self.name
        content = source.read_bytes()
        for part in (len(content) // 2, len(content)):
            report(f"copying {source.name}", part, len(content))
        target.write_bytes(content)
        return target


KNOWN = FolderModel("known.bin", "9bdd2b102a4a49a2f82bece21842c0a0b264afaa85c7ed69193e98591b8bdccb")
MADE_HERE = FolderModel("made_here.bin", None)
