"""What a run saw, in one line."""

from reid_core.records import CameraId, Epoch, EventType, IdentityEvent, IdentityId, TrackNumber, Verdict

LONGEST_DELAY_SECONDS = 600.0  # beyond it, it is no delay


class Summary:
    def __init__(self) -> None:
        self._tracks: set[tuple[CameraId, Epoch, TrackNumber]] = set()
        self._identities: set[IdentityId] = set()
        self._matches = 0
        self._unsure = 0
        self._delays: list[float] = []

    def add(self, event: IdentityEvent) -> None:
        tracklet = event.tracklet
        self._tracks.add((tracklet.camera, tracklet.epoch, tracklet.track))
        self._identities.add(event.identity)
        self._matches += event.type is EventType.MATCHED
        self._unsure += event.verdict is Verdict.UNSURE
        self._delays.append(event.time - event.end)

    def __str__(self) -> str:
        if not self._delays:
            return "nobody was seen"
        seen = (
            f"{_count(len(self._tracks), 'track')} of people seen, {_count(len(self._identities), 'identity')}, "
            f"{_count(self._matches, 'match')} ({self._unsure} unsure)"
        )
        delays = sorted(self._delays)
        if not 0 <= delays[0] <= delays[-1] < LONGEST_DELAY_SECONDS:
            return seen  # a recording, played at another time or speed than it was taken
        median, p95 = (delays[round(part * (len(delays) - 1))] for part in (0.5, 0.95))
        return f"{seen}; from a tracklet's last capture to its event: median {median:.2f} s, p95 {p95:.2f} s"


def _count(number: int, word: str) -> str:
    plural = {"identity": "identities", "match": "matches"}.get(word, f"{word}s")
    return f"{number} {word if number == 1 else plural}"
