"""Which device a network runs on, by its option."""

from typing import Literal

import torch

from reid_core.errors import ConfigInvalid

DeviceName = Literal["auto", "cpu", "cuda"]  # auto: the first GPU, where there is one


def torch_device(wanted: DeviceName, branch: str) -> torch.device:
    found = torch.cuda.is_available()
    if wanted == "cuda" and not found:
        raise ConfigInvalid(
            f"branches {branch}: device: cuda, but torch finds no GPU; use device: auto, or see its driver"
        )
    return torch.device("cuda" if found and wanted != "cpu" else "cpu")
