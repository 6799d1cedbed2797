"""KTM of MBNet, after the abstract: one branch learns from another, in what it sees and in what it concludes."""

from torch import Tensor
from torch.nn import functional


def transfer_loss(
    student: Tensor, teacher: Tensor, student_logits: Tensor, teacher_logits: Tensor, temperature: float
) -> Tensor:
    """Maps (B, C, h, w) and logits (B, classes) -> scalar; the teacher is not moved by its pupil.

    Squared distance of the maps, each place's channels of unit length, plus KL of the softened answers (Hinton 2015).
    """
    seen, shown = (functional.normalize(each, dim=1) for each in (student, teacher.detach()))
    maps = ((seen - shown) ** 2).sum(dim=1).mean()
    guess = functional.log_softmax(student_logits / temperature, dim=1)
    answer = functional.log_softmax(teacher_logits.detach() / temperature, dim=1)
    softened = functional.kl_div(guess, answer, reduction="batchmean", log_target=True) * temperature**2
    return maps + softened
