"""Grow an event log from the outside, as an identity service does."""

from dataclasses import replace

from reid_core.records import CameraId, EventType, IdentityId
from tests.fakes.store import MemoryStore
from tests.stream.sightings import embedding, event


def grow(
    store: MemoryStore,
    count: int = 1,
    *,
    camera: str = "door",
    identity: str = "P-1",
    type: EventType = EventType.MATCHED,  # noqa: A002
) -> None:
    """So many more events, each of a tracklet of its own."""
    for _ in range(count):
        version = store.version()
        seen = embedding(version + 1, camera=camera)
        said = replace(event(seen, version=version), type=type, identity=IdentityId(identity))
        store.commit(seen, replace(said, tracklet=replace(said.tracklet, camera=CameraId(camera))), version)
