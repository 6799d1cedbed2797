"""What the landmarker's process is told, and what it answers."""

from typing import Final

import msgspec

LANDMARKS: Final = (33, 6)  # world x, y, z in metres, x, y in pixels of the picture, visibility; float32


class Settings(msgspec.Struct, frozen=True):
    model: str  # path of the .task file
    detection: float
    presence: float
    tracking: float


class Picture(msgspec.Struct, frozen=True):
    milliseconds: int  # increasing from picture to picture
    height: int
    width: int
    pixels: bytes  # height x width x RGB


class Ready(msgspec.Struct, frozen=True, tag=True):
    """MediaPipe is loaded, and the model is one that it takes."""


class Answer(msgspec.Struct, frozen=True, tag=True):
    landmarks: list[bytes | None]  # one a picture, in order: an array of LANDMARKS; None where there is no pose


class Failure(msgspec.Struct, frozen=True, tag=True):
    reason: str
    missing_library: bool = False


Reply = Ready | Answer | Failure

_PICTURES: Final = msgspec.msgpack.Decoder(list[Picture])
_REPLY: Final[msgspec.msgpack.Decoder[Reply]] = msgspec.msgpack.Decoder(Reply)


def encode(message: Reply | list[Picture]) -> bytes:
    return msgspec.msgpack.encode(message)


def decode_pictures(message: bytes) -> list[Picture]:
    return _PICTURES.decode(message)


def decode_reply(message: bytes) -> Reply:
    return _REPLY.decode(message)


def encode_settings(settings: Settings) -> str:
    return msgspec.json.encode(settings).decode()


def decode_settings(text: str) -> Settings:
    return msgspec.json.decode(text, type=Settings)
