"""Every error that restride raises on purpose: two families, told apart by what the caller should do.

A message names the file, key or camera, what was found, what was expected, and what to do.
"""

import re


def redacted(text: str) -> str:
    """The text without the credentials of any address in it: what may be shown and logged.

    Rather too much is hidden than too little: people put / and @ into passwords.
    """
    text = re.sub(r"(\w+://)\S*@", r"\1***@", text)
    return re.sub(r"(?i)((?:pass|passwd|password|pwd|secret|token|api_?key)=)[^\s&'\"]+", r"\1***", text)


class RestrideError(Exception):
    """Base of every error that restride raises on purpose."""


class Invalid(RestrideError):
    """Something given to us is wrong. Stop and tell a person; never retry."""


class ConfigInvalid(Invalid):
    """A configuration file, an option or an argument."""


class PluginNotFound(Invalid):
    """No plugin of that name, or the library behind it is not installed."""


class SourceInvalid(Invalid):
    """A source that can never give a frame: no such file, not a video, no video in it."""


class CheckpointInvalid(Invalid):
    """A file of weights that does not fit, or is not one."""


class DataSetInvalid(Invalid):
    """A data set on disk that is not what it should be."""


class RecordInvalid(Invalid):
    """A record, or a message that carries one, that breaks its own rules."""


class RecordUnknown(RecordInvalid):
    """A record of a later version, with a value that this one does not know: let it pass."""


class Unavailable(RestrideError):
    """The world is away for now. The supervisor retries with back-off."""


class SourceUnavailable(Unavailable):
    """A camera that does not answer, or stopped answering."""


class LinkUnavailable(Unavailable):
    """The other end of a socket."""


class StoreUnavailable(Unavailable):
    """The identity store."""


class StoreMoved(Unavailable):
    """Another service changed the gallery since it was scored: score again and retry."""


class DeviceUnavailable(Unavailable):
    """An accelerator, or its memory."""
