"""A process that commits tracklets of one writer: `store_writer.py ADDRESS NAMESPACE WRITER COUNT`."""

import sys

from reid_core.errors import StoreMoved
from stream.store.open import open_store
from tests.stream.sightings import embedding, event


def write(address: str, namespace: str, writer: int, count: int) -> None:
    store = open_store(address, namespace)
    for number in range(count):
        piece = embedding(number, camera=f"camera-{writer}")
        while True:
            try:
                store.commit(piece, event(piece, f"P-{writer}"), store.version())
                break
            except StoreMoved:
                continue
    store.close()


if __name__ == "__main__":
    write(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
