"""CRE, the Clothes-Relevant information Erasure of Mu et al. (BMVC 2022): pictures without the pixels of clothes."""

from typing import Literal

import torch
from torch import Tensor

from reid_core.data.transforms import IMAGENET_MEAN, IMAGENET_STD
from reid_core.models.human_parts import LABEL_COUNT

Fill = Literal["black", "mean"]


def erased(pictures: Tensor, parsing: Tensor, found: Tensor, labels: tuple[int, ...], fill: Fill = "black") -> Tensor:
    """Eq. 1, X_ijk = 0 where S_ij is one of the labels; pictures (..., 3, H, W) as the network takes them.

    parsing (..., H, W): S, labels of ATR. found (...) bool: where it is False the picture stays as it is.
    fill: black is the paper's 0 of the raw picture; mean is the 0 of the normalised one, as random erasing paints.
    """
    chosen = torch.zeros(LABEL_COUNT, dtype=torch.bool, device=parsing.device)
    chosen[list(labels)] = True
    known = torch.where(found[..., None, None], parsing, 0)  # where nothing was found the labels may be anything
    paint = _black(pictures) if fill == "black" else torch.zeros_like(pictures[..., :1, :1])
    gone = chosen[known] & found[..., None, None]
    return torch.where(gone[..., None, :, :], paint, pictures)


def _black(pictures: Tensor) -> Tensor:
    colour = [-mean / std for mean, std in zip(IMAGENET_MEAN, IMAGENET_STD, strict=True)]
    return torch.tensor(colour, dtype=pictures.dtype, device=pictures.device)[:, None, None]
