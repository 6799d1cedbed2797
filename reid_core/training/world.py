"""Which process this is among those that train together: one, or as many as torchrun started."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import distributed

from reid_core.errors import ConfigInvalid

_PATIENCE = timedelta(minutes=30)  # one process validates while the others wait


@dataclass(frozen=True, slots=True)
class World:
    device: torch.device
    rank: int = 0
    ranks: int = 1

    @property
    def leads(self) -> bool:
        """The one process that validates, writes and talks."""
        return self.rank == 0

    def wait(self) -> None:
        """Until all processes have come here."""
        if self.ranks > 1:
            distributed.barrier()


@contextmanager
def entered(device: str) -> Iterator[World]:
    """`device`: auto, cpu or cuda. With the environment of torchrun, one of several."""
    ranks = int(os.environ.get("WORLD_SIZE", "1"))
    place = device_of(device, int(os.environ.get("LOCAL_RANK", "0")))
    if ranks == 1:
        yield World(place)
        return
    distributed.init_process_group("nccl" if place.type == "cuda" else "gloo", timeout=_PATIENCE)
    try:
        yield World(place, distributed.get_rank(), ranks)
    finally:
        distributed.destroy_process_group()


def device_of(wanted: str, local_rank: int = 0) -> torch.device:
    """auto, cpu or cuda."""
    if wanted not in ("auto", "cpu", "cuda"):
        raise ConfigInvalid(f"device: expected auto, cpu or cuda, found {wanted!r}")
    found = torch.cuda.device_count()
    if wanted == "cpu" or (wanted == "auto" and not found):
        return torch.device("cpu")
    if local_rank >= found:
        raise ConfigInvalid(
            f"device: cuda for process {local_rank} of this machine, but torch finds {found} GPUs; "
            "start fewer processes, or use device: cpu"
        )
    place = torch.device("cuda", local_rank)
    torch.cuda.set_device(place)
    return place
