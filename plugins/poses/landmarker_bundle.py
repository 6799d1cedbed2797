"""A .task file for MediaPipe: a zip of its networks, each saying how the pixels of its picture are to be scaled."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from zipfile import ZipFile, ZipInfo

from reid_core.errors import PluginNotFound

_ALIGNMENT_BYTES = 16  # the networks are read where they lie in the zip
_HEADER_BYTES = 30  # of a file in a zip, before its name
_PADDING_FIELD = 0xD935  # the id under which Android's zipalign puts padding


@dataclass(frozen=True, slots=True)
class Network:
    file: str  # in the .task
    member: str  # its path in the wheel
    sha256: str  # of the member
    mean: float  # a network is given (pixel - mean) / deviation, with pixels of 0 to 255
    deviation: float


def bundled(networks: Sequence[Network], contents: Mapping[str, bytes]) -> bytes:
    """contents: TFLite models by their path in the wheel. The same contents give the same bytes."""
    buffer = BytesIO()
    with ZipFile(buffer, "w") as archive:
        for network in networks:
            info = ZipInfo(network.file)  # with the date of all such entries, 1980
            info.extra = _padding(buffer.tell() + _HEADER_BYTES + len(network.file))
            archive.writestr(info, _with_scaling(contents[network.member], network))
    return buffer.getvalue()


def _padding(offset: int) -> bytes:
    missing = -offset % _ALIGNMENT_BYTES
    if missing == 0:
        return b""
    size = missing if missing >= 4 else missing + _ALIGNMENT_BYTES  # a field has four bytes of its own
    return struct.pack("<HH", _PADDING_FIELD, size - 4) + bytes(size - 4)


def _with_scaling(model: bytes, network: Network) -> bytes:
    """The same network with TFLite metadata, without which MediaPipe refuses one that takes floats."""
    schema, metadata = _schemas()
    tree = schema.ModelT.InitFromObj(schema.Model.GetRootAs(model, 0))
    scaling = schema.BufferT()
    scaling.data = list(_scaling(schema, metadata, network))
    tree.buffers = [*tree.buffers, scaling]
    entry = schema.MetadataT()
    entry.name = "TFLITE_METADATA"
    entry.buffer = len(tree.buffers) - 1
    others = [each for each in tree.metadata or [] if each.name not in {entry.name, entry.name.encode()}]
    tree.metadata = [*others, entry]
    return _packed(schema, tree, b"TFL3")


def _scaling(schema: Any, metadata: Any, network: Network) -> bytes:
    options = metadata.NormalizationOptionsT()
    options.mean, options.std = [network.mean], [network.deviation]
    unit = metadata.ProcessUnitT()
    unit.optionsType, unit.options = metadata.ProcessUnitOptions.NormalizationOptions, options
    picture = metadata.TensorMetadataT()
    picture.processUnits = [unit]
    graph = metadata.SubGraphMetadataT()
    graph.inputTensorMetadata = [picture]
    model = metadata.ModelMetadataT()
    model.subgraphMetadata = [graph]
    return _packed(schema, model, b"M001")


def _packed(schema: Any, tree: Any, kind: bytes) -> bytes:
    builder = schema.flatbuffers.Builder(0)
    builder.Finish(tree.Pack(builder), kind)
    return bytes(builder.Output())


def _schemas() -> tuple[Any, Any]:
    try:
        from mediapipe.tasks.metadata import metadata_schema_py_generated, schema_py_generated
    except (ImportError, OSError) as error:  # OSError: a library of the system that it needs is not there
        raise PluginNotFound(f"mediapipe cannot be imported ({error}): pip install 'restride[pose]'") from error
    return schema_py_generated, metadata_schema_py_generated
