"""The nearest vectors of one model, exactly: the one file that knows faiss, and where faiss is set up."""

from typing import Any

import faiss
import numpy as np

from reid_core.records import Vector


class FlatIndex:
    """Slots counted from 0; a slot may get another vector, and is never given up.

    faiss is asked one vector at a time. For that its own distance_compute_blas_threshold is right: set to the 20
    that suits batches, a search took 17 instead of 7 milliseconds (100,000 vectors of 512 numbers).
    """

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension
        self._index: Any = faiss.IndexFlatIP(dimension)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def add(self, vector: Vector) -> int:
        self._index.add(vector[None])
        return len(self) - 1

    def vector(self, slot: int) -> Vector:
        return np.asarray(self._index.reconstruct(slot))

    def replace(self, slot: int, vector: Vector) -> None:
        numbers = faiss.rev_swig_ptr(self._index.get_xb(), len(self) * self.dimension)
        numbers.reshape(-1, self.dimension)[slot] = vector

    def search(self, vector: Vector, count: int) -> list[int]:
        """The slots of the `count` most similar, from the best on."""
        # Of the calling thread. The cores belong to decoders and models; idle threads of OpenMP spin and slow them
        faiss.omp_set_num_threads(1)
        _, slots = self._index.search(vector[None], min(count, len(self)))
        return [int(slot) for slot in slots[0]]
