"""A process with an identity service that gets every tracklet, in its own order: `ADDRESS TRACKS PARTS SEED`."""

import random
import sys

from stream.identity.decide import Rules
from stream.identity.service import IdentityService
from stream.store.open import open_store
from tests.stream.sightings import START, embedding


def handle_all(address: str, tracks: int, parts: int, seed: int) -> None:
    """All tracklets, also those that the others handle."""
    store = open_store(address, "site")
    service = IdentityService(store, Rules())
    tracklets = [(track, part) for track in range(tracks) for part in range(parts)]
    random.Random(seed).shuffle(tracklets)
    for track, part in tracklets:
        begin = START + 100 * track + 4 * part
        service.handle(embedding(track, part, person=track // 2, begin=begin, seconds=3.5))
    store.close()


if __name__ == "__main__":
    handle_all(sys.argv[1], *map(int, sys.argv[2:5]))
