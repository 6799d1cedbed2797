"""The identity service as a process: tracklets in on lane 1, events out on lane 2."""

import logging
from collections.abc import Callable
from contextlib import closing
from threading import Event

from reid_core.errors import RecordInvalid, Unavailable, redacted
from stream.identity.service import IdentityService
from stream.link.announcer import Announcer
from stream.link.inbox import Delivery, Inbox
from stream.metrics import Metrics
from stream.settings import Settings
from stream.store.open import open_store

log = logging.getLogger("restride.identity")


def serve(settings: Settings, stop: Event, metrics: Metrics, listening: Callable[[], None] = lambda: None) -> None:
    """Until `stop` is set. A tracklet is acknowledged only once it is in the store.

    listening: called once all its addresses are its own.
    """
    link = settings.link
    with (
        closing(open_store(settings.store, settings.namespace)) as store,
        closing(Inbox(link, metrics)) as inbox,
        closing(Announcer(link, store, metrics)) as announcer,
    ):
        service = IdentityService(store, settings.identity, metrics=metrics, source=f"restride/{settings.namespace}")
        log.info("tracklets on %s, events on %s, store %s", link.tracklets, link.events, redacted(settings.store))
        listening()
        while not stop.is_set():
            delivery = inbox.receive(timeout_seconds=0.2)
            if delivery is not None and _settle(service, delivery):
                announcer.wake()


def _settle(service: IdentityService, delivery: Delivery) -> bool:
    """True when the store has it. What cannot be stored now is not acknowledged: the worker sends it again."""
    try:
        service.handle(delivery.embedding)
    except RecordInvalid as error:
        delivery.refuse(str(error))
        return False
    except Unavailable as error:
        log.warning("tracklet %s is not stored yet: %s", delivery.embedding.tracklet, error)
        return False
    delivery.acknowledge()
    return True
