"""SSE of SCI, semantic separation: what a person's text says, less what the text of the clothes says."""

from torch import Tensor
from torch.nn import functional

from reid_core.losses.cosines import cosines

_LEAST = 1e-12  # of a squared length


def orthogonal(identity: Tensor, clothes: Tensor) -> Tensor:
    """F_id, F_clo (..., D) -> F_o, eqs. 5 and 6: without its part along F_clo.

    The paper's figure draws the projection the other way round; its text is followed.
    """
    along = (identity * clothes).sum(dim=-1, keepdim=True) / (clothes * clothes).sum(dim=-1, keepdim=True).clamp(_LEAST)
    return identity - along * clothes


def separation_loss(
    orthogonalised: Tensor, identity: Tensor, clothes: Tensor, alpha: float = 1.0, beta: float = 0.1
) -> Tensor:
    """L_sim, eq. 9, of F_o, F_id, F_clo (B, D): stay near the person's text, and away from all clothes of the batch.

    F_o is already orthogonal to its own F_clo, so eq. 8 says nothing of pairs: it is the mean over all pairs. Eq. 7 is
    that of each with its own: over all pairs it would draw the persons together (our choice).
    """
    own = functional.cosine_similarity(orthogonalised, identity, dim=-1).mean()
    return alpha * (1 - own) + beta * cosines(orthogonalised, clothes).mean()
