"""The two prompts in the tokens of CLIP's vocabulary: the only words that are needed, so no tokenizer ships."""

from dataclasses import dataclass
from typing import Final

# Numbers in the byte-pair vocabulary that all of CLIP's text towers share
VOCABULARY: Final = 49_408
LENGTH: Final = 77  # tokens that a text tower takes
START: Final = 49_406
END: Final = 49_407

A: Final = 320
PHOTO: Final = 1_125
OF: Final = 539
THE: Final = 518
PERSON: Final = 2_533
CLOTHES: Final = 7_080
FULL_STOP: Final = 269


@dataclass(frozen=True, slots=True)
class Template:
    """What stands around the learned words."""

    before: tuple[int, ...]
    after: tuple[int, ...]  # its last token is END, where the tower reads the meaning of the whole


PERSON_TEMPLATE: Final = Template((START, A, PHOTO, OF, A), (PERSON, FULL_STOP, END))
CLOTHES_TEMPLATE: Final = Template((START, A, PHOTO, OF, THE), (CLOTHES, FULL_STOP, END))
