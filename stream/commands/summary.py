"""What a run saw, in one line."""

from reid_core.records import CameraId, Epoch, EventType, IdentityEvent, IdentityId, TrackNumber, Verdict

LONGEST_DELAY_SECONDS = 600.0  # beyond it, it is no delay


class Summary:
    """delays: whether captures and events are on one clock; those of replayed recordings are not."""

    def __init__(self, *, delays: bool = True) -> None:
        self._tracks: dict[tuple[CameraId, Epoch, TrackNumber], Verdict] = {}  # the last one of each
        self._identities: set[IdentityId] = set()
        self._matches = 0
        self._timed = delays
        self._delays: list[float] = []

    def add(self, event: IdentityEvent) -> None:
        tracklet = event.tracklet
        self._tracks[tracklet.camera, tracklet.epoch, tracklet.track] = event.verdict
        self._identities.add(event.identity)
        self._matches += event.type is EventType.MATCHED
        self._delays.append(event.time - event.end)

    @property
    def any(self) -> bool:
        return bool(self._delays)

    def __str__(self) -> str:
        if not self._delays:
            return "nobody was seen"
        unsure = sum(verdict is Verdict.UNSURE for verdict in self._tracks.values())
        seen = (
            f"{_count(len(self._tracks), 'track')} of people seen, {_count(len(self._identities), 'identity')}, "
            f"{_count(self._matches, 'match')} ({unsure} unsure)"
        )
        delays = sorted(self._delays)
        if not self._timed or not 0 <= delays[0] <= delays[-1] < LONGEST_DELAY_SECONDS:
            return seen  # the second: a recording among the cameras, taken at another time than it is played
        median, p95 = (delays[round(part * (len(delays) - 1))] for part in (0.5, 0.95))
        return f"{seen}; from a tracklet's last capture to its event: median {median:.2f} s, p95 {p95:.2f} s"


def _count(number: int, word: str) -> str:
    plural = {"identity": "identities", "match": "matches"}.get(word, f"{word}s")
    return f"{number} {word if number == 1 else plural}"
