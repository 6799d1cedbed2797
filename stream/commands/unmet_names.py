"""Names in the rules of identity that nothing in this configuration has: mistyped, or meant for another one's cameras.

Only a hint: an identity service may serve the cameras of several configurations.
"""

from collections.abc import Iterator
from difflib import get_close_matches

from reid_core.registry import installed
from stream.settings import Settings


def unmet_names(settings: Settings) -> Iterator[tuple[str, str]]:
    """The key, and what is odd about its value."""
    rules = settings.identity
    cameras = [camera.name for camera in settings.cameras]
    named = [
        (f"overlapping[{index}][{place}]", name)
        for index, pair in enumerate(rules.topology.overlapping)
        for place, name in enumerate(pair)
    ]
    for index, travel in enumerate(rules.topology.travel):
        named += [(f"travel[{index}].from", travel.origin), (f"travel[{index}].to", travel.destination)]
    for key, name in named:
        if name not in cameras:
            yield f"identity.topology.{key}", f"no camera here is named {name!r}; {_hint(name, cameras)}"
    models = sorted({point.name for kind in ("branches", "networks") for point in installed(kind)})
    for index, calibration in enumerate(rules.calibrations):
        if calibration.of not in models:
            words = f"no branch or model is named {calibration.of!r}; {_hint(calibration.of, models)}"
            yield f"identity.calibrations[{index}].of", words


def _hint(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, 1)
    return f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}"
