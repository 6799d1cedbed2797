"""Events in words: one line each, with what a person asks first."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from reid_core.records import CameraId, EventType, IdentityEvent, IdentityId, Verdict


@dataclass(frozen=True, slots=True)
class Line:
    time: str
    camera: str
    identity: str
    what: str
    detail: str

    def __str__(self) -> str:
        return f"{self.time}  {self.camera:<10} {self.identity:<14} {self.what:<10} {self.detail}"


class Narrator:
    """Tells each event beside the last time that the same person was seen."""

    def __init__(self) -> None:
        self._last: dict[IdentityId, tuple[CameraId, float]] = {}

    def tell(self, event: IdentityEvent) -> Line:
        line = Line(
            time=datetime.fromtimestamp(event.begin).strftime("%H:%M:%S"),
            camera=event.tracklet.camera,
            identity=event.identity,
            what=_WORDS.get(event.type, event.type.value) if event.verdict is not Verdict.UNSURE else "unsure",
            detail=", ".join(self._details(event)),
        )
        self._last[event.identity] = (event.tracklet.camera, event.end)
        return line

    def _details(self, event: IdentityEvent) -> Iterator[str]:
        evidence = event.evidence
        last = self._last.get(event.identity)
        if event.type is EventType.MATCHED and last is not None:
            camera, end = last
            yield f"last on {camera} {_ago(event.begin - end)}"
        if evidence.nearest is None:
            yield "nobody to compare with"
        elif event.identity == evidence.nearest:
            yield f"probability {evidence.probability:.2f}"
        else:
            yield f"nearest {evidence.nearest} at {evidence.probability:.2f}"


_WORDS = {
    EventType.CREATED: "new",
    EventType.MATCHED: "match",
    EventType.CONFIRMED: "confirmed",
    EventType.SEEN: "still here",
}


def _ago(seconds: float) -> str:
    if seconds < 0:
        return "at the same time"
    if seconds < 90:
        return f"{seconds:.0f} s before"
    return f"{seconds / 60:.0f} min before" if seconds < 5400 else f"{seconds / 3600:.1f} h before"
