"""Any detection model of the ultralytics library, which is under AGPL-3.0: an extra of its own, imported here only.

A .pt file can run code when it is loaded: take weights only from where you trust.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from pickle import UnpicklingError
from typing import Annotated, Any

import numpy as np
from msgspec import Meta

from plugins.detectors.suppression import suppress
from reid_core import options
from reid_core.errors import CheckpointInvalid, PluginNotFound
from reid_core.geometry import Box
from reid_core.models.cache import cache_folder
from reid_core.records import Detection, Frame, Image

RELEASES = "https://github.com/ultralytics/assets/releases"
# what the library raises for a file that is not a model, or a model that does not run
FAILURES = (OSError, ValueError, TypeError, LookupError, AttributeError, ImportError, RuntimeError, UnpicklingError)


class UltralyticsDetector:
    class Options(options.Options, frozen=True):
        model: str = "yolo11n.pt"  # a file, or the name of released weights, which are fetched into the cache
        score: Annotated[float, Meta(ge=0, le=1)] = 0.1  # the lowest that is reported; trackers use weak ones too
        iou: Annotated[float, Meta(gt=0, lt=1)] = 0.65  # boxes that overlap more are one person
        person_class: Annotated[int, Meta(ge=0)] = 0  # COCO's
        size: Annotated[int, Meta(ge=32, multiple_of=32)] = 640  # longer side of the input, pixels
        device: str = ""  # cpu, cuda:0, ...; empty: the library's choice

    def __init__(self, options: Options) -> None:
        self._options = options
        library = _ultralytics()
        path = _weights(options.model)
        try:
            self._model: Any = library.YOLO(path, task="detect")
            self._predict([np.full((64, 64, 3), 114, dtype=np.uint8)])  # what cannot run is found now
            classes = dict(self._model.names)
        except FAILURES as error:
            raise CheckpointInvalid(
                f"{path}: ultralytics {library.__version__} cannot run it: {' '.join(str(error).split())[:300]}"
            ) from error
        if options.person_class not in classes:
            raise CheckpointInvalid(
                f"{path}: it knows {len(classes)} classes, counted from 0; "
                f"there is no person_class {options.person_class}"
            )

    def detect(self, frames: Sequence[Frame]) -> list[list[Detection]]:
        if not frames:
            return []
        found = self._predict([frame.image for frame in frames])
        return [_people(result, frame.image) for result, frame in zip(found, frames, strict=True)]

    def _predict(self, images: Sequence[Image]) -> list[Any]:
        results: list[Any] = self._model.predict(
            [np.ascontiguousarray(image[..., ::-1]) for image in images],  # it wants BGR
            conf=self._options.score,
            iou=self._options.iou,
            classes=[self._options.person_class],
            imgsz=self._options.size,
            device=self._options.device or None,
            verbose=False,
        )
        return results


def _people(result: Any, image: Image) -> list[Detection]:
    height, width = image.shape[:2]
    found = []
    for place, score in zip(result.boxes.xyxy.tolist(), result.boxes.conf.tolist(), strict=True):
        left, top, right, bottom = place
        if left < right and top < bottom and (box := Box(left, top, right, bottom).clipped(width, height)):
            found.append(Detection(box, score))
    return found


def _weights(model: str) -> Path:
    """The file that is meant; released weights are fetched once."""
    path = Path(model).expanduser()
    if path.is_file():
        return path
    how = f"get it from {RELEASES} on a machine that is online, and give its path as the model"
    if path.name != model:
        raise CheckpointInvalid(f"{path}: no such file; expected weights of an ultralytics model: {how}")
    from ultralytics.utils.downloads import attempt_download_asset

    kept = cache_folder() / "ultralytics" / model
    try:
        attempt_download_asset(kept, retry=0)
    except OSError as error:
        raise CheckpointInvalid(f"{model}: no such file, and it cannot be downloaded: {how}") from error
    if not kept.is_file():
        raise CheckpointInvalid(f"{model}: no such file, and no released weights of that name: see {RELEASES}")
    return kept


def _ultralytics() -> Any:
    """The library, which otherwise installs packages, reports usage and talks when it is imported."""
    try:
        with _environment(YOLO_AUTOINSTALL="false", YOLO_OFFLINE="true", YOLO_VERBOSE="false"):
            _mend_torchvision()
            import ultralytics
    except ImportError as error:
        raise PluginNotFound(
            f"ultralytics cannot be imported ({error}): pip install 'restride[ultralytics]' (under AGPL-3.0)"
        ) from error
    return ultralytics


def _mend_torchvision() -> None:
    """PyPI's torchvision is built for CUDA: beside a torch for the CPU, its operators do not load, nor does it."""
    import torch

    operators: Any = torch.ops
    spec = find_spec("torchvision")
    if "torchvision" in sys.modules or spec is None or spec.origin is None:
        return
    try:
        for library in Path(spec.origin).parent.glob("_C*"):
            operators.load_library(library)
    except OSError:
        signature = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
        torch.library.define("torchvision::nms", signature)
        torch.library.define("torchvision::qnms", signature)  # looked for, never called
        torch.library.impl("torchvision::nms", "CPU", _suppress)
        import torchvision

        torchvision.extension._has_ops = lambda: True


def _suppress(boxes: Any, scores: Any, max_iou: float) -> Any:
    import torch

    return torch.from_numpy(suppress(boxes.double().numpy(), scores.float().numpy(), max_iou))


@contextmanager
def _environment(**settings: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
