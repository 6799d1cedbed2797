"""Trained weights on disk: safetensors, with the model's name, its typed options and its card as metadata."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from reid_core.errors import CheckpointInvalid, Invalid
from reid_core.models.build import build_model
from reid_core.options import Options

FORMAT = 1
_KEY = "restride"  # the one key of the metadata: safetensors keeps no order among several
_NAMED = 3  # of the keys that do not fit; the others are counted


class ModelCard(Options, frozen=True):
    """What a user must know before trusting the weights."""

    trained_on: str  # data sets, and by whom
    version: str = "1"  # of the weights: two trainings of one model have two versions
    licence: str = ""  # of the weights
    notes: str = ""
    metrics: dict[str, float] = msgspec.field(default_factory=dict)  # name with its data set -> value, as measured


class _Header(Options, frozen=True):
    format: int
    model: str
    options: dict[str, Any]
    card: ModelCard


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """A model with its trained weights, in evaluation mode."""

    name: str
    model: nn.Module
    card: ModelCard
    hash: str  # sha256 of the file, its first 12 hex digits


def write_checkpoint(path: Path, name: str, model: nn.Module, options: Options, card: ModelCard) -> None:
    """Whole or not at all: a kill leaves the old file. `name` and `options` are what build_model makes it from."""
    header = _Header(format=FORMAT, model=name, options=msgspec.to_builtins(options), card=card)
    # clones: weights that a model uses in two places are stored in both
    tensors = {key: value.detach().cpu().clone().contiguous() for key, value in model.state_dict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    half_written = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        save_file(tensors, half_written, {_KEY: msgspec.json.encode(header, order="deterministic").decode()})
        half_written.replace(path)
    finally:
        half_written.unlink(missing_ok=True)


def model_of(path: Path) -> str:
    """The name of the model that a checkpoint holds, for read_checkpoint."""
    if not path.is_file():
        raise CheckpointInvalid(f"{path}: no such file; expected a checkpoint")
    with _opened(path) as file:
        return _header(path, file.metadata()).model


def read_checkpoint(path: Path, expected: str) -> Checkpoint:
    """Raises CheckpointInvalid for anything but intact weights of the model of that name."""
    if not path.is_file():
        raise CheckpointInvalid(f"{path}: no such file; expected a checkpoint of {expected!r}")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    with _opened(path) as file:
        header = _header(path, file.metadata())
        if header.model != expected:
            raise CheckpointInvalid(f"{path}: holds the model {header.model!r}, expected {expected!r}")
        model = _built(path, header)
        _fill(path, model, {key: file.get_tensor(key) for key in file.keys()})  # noqa: SIM118 - no mapping
    return Checkpoint(header.model, model.eval(), header.card, digest[:12])


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except (SafetensorError, OSError) as error:
        raise CheckpointInvalid(
            f"{path}: not a whole safetensors file ({error}); it was cut short or is something else: copy it again"
        ) from error


def _header(path: Path, metadata: Mapping[str, str] | None) -> _Header:
    text = (metadata or {}).get(_KEY)
    if text is None:
        raise CheckpointInvalid(f"{path}: safetensors, but not written by restride; expected its metadata {_KEY!r}")
    try:
        found = msgspec.json.decode(text)
        if isinstance(found, dict) and found.get("format") != FORMAT:
            raise CheckpointInvalid(
                f"{path}: checkpoint format {found.get('format')}, this restride reads {FORMAT}; use the restride "
                "that wrote it"
            )
        return msgspec.convert(found, _Header)
    except msgspec.MsgspecError as error:
        raise CheckpointInvalid(f"{path}: its metadata is damaged: {error}") from error


def _built(path: Path, header: _Header) -> nn.Module:
    try:
        return build_model(header.model, header.options)
    except Invalid as error:
        raise CheckpointInvalid(f"{path}: its model cannot be made here: {error}") from error


def _fill(path: Path, model: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    wanted = model.state_dict()
    faults = {
        "lacks": [key for key in wanted if key not in tensors],
        "has besides": [key for key in tensors if key not in wanted],
        "has in another shape": [
            f"{key} {tuple(tensors[key].shape)} for {tuple(wanted[key].shape)}"
            for key in wanted
            if key in tensors and tensors[key].shape != wanted[key].shape
        ],
    }
    if said := [f"{what} {_some(keys)}" for what, keys in faults.items() if keys]:
        raise CheckpointInvalid(f"{path}: does not fit the model that its options make: it {'; it '.join(said)}")
    model.load_state_dict(dict(tensors), strict=True)


def _some(keys: list[str]) -> str:
    more = f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else ""
    return ", ".join(sorted(keys)[:_NAMED]) + more
