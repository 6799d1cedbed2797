"""The model files that installed plugins may want: what they are, and whether they are here."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from reid_core.protocols import ModelFile
from reid_core.registry import find, installed


@dataclass(frozen=True, slots=True)
class ModelStatus:
    model: ModelFile
    path: Path | None  # None: not fetched
    size_bytes: int  # of the file, or about so many where it is not here
    sha256: str | None  # of the file, or as published where it is not here

    @property
    def as_published(self) -> bool:
        return self.sha256 is not None and self.sha256 == self.model.sha256


def model_file(name: str) -> ModelFile:
    return cast(ModelFile, find("models", name))


def statuses() -> list[ModelStatus]:
    return [status(model_file(name)) for name in dict.fromkeys(point.name for point in installed("models"))]


def status(model: ModelFile) -> ModelStatus:
    path = model.path()
    if path is None:
        return ModelStatus(model, None, model.size_bytes, model.sha256)
    with path.open("rb") as file:
        return ModelStatus(model, path, path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())
