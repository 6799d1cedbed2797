"""From an address to a store: the scheme names the plugin."""

from typing import cast

from reid_core.errors import ConfigInvalid, redacted
from reid_core.protocols import Store
from reid_core.registry import find, installed
from stream.store.address import file_is_there, scheme_of


def open_kept(address: str, namespace: str) -> Store | None:
    """For those who only look: None where there is no file yet, which opening would make."""
    if scheme_of(address) == "sqlite" and not file_is_there(address):
        return None
    return open_store(address, namespace)


def open_store(address: str, namespace: str) -> Store:
    scheme = scheme_of(address)
    known = sorted({point.name for point in installed("stores")})
    if scheme not in known:
        choice = ", ".join(f"{each}://" for each in known)
        raise ConfigInvalid(f"store {redacted(address)!r}: unknown scheme {scheme!r}; known: {choice}")
    return cast(Store, find("stores", scheme)(address, namespace))
