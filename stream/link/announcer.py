"""Lane 2, the identity service's side: publishes the event log as it grows, and replays it to whoever missed some."""

import logging
from math import ceil
from threading import Event, Thread
from time import monotonic

import zmq

from reid_core.errors import RecordInvalid, StoreUnavailable
from reid_core.protocols import Store
from reid_core.records import Epoch, IdentityEvent
from reid_core.wire import event_to_json
from stream.link.addresses import LinkOptions
from stream.link.messages import (
    HEARTBEAT,
    HEARTBEAT_SECONDS,
    MAX_REQUEST,
    MAX_TAG,
    pack_header,
    unpack_request,
)
from stream.link.replay import refusal, replay
from stream.link.sockets import PEER_TROUBLE, bind, count_peers, open_socket, receive, send, watch
from stream.link.standing import Standing
from stream.link.wake import Wake
from stream.metrics import Metrics

log = logging.getLogger("restride.link")

_BATCH = 500  # events published before the other sockets have their turn
_REPLAYS = 16  # likewise answered
_SUBSCRIPTIONS = 1000  # likewise taken note of
_REPLIES_WAITING = 16  # for each subscriber; each may be a megabyte
_WELCOME_SECONDS = 0.02  # many subscribers that come at once share one heartbeat
_RETRY_SECONDS = (0.5, 10.0)  # first and longest pause while the log is away


class Announcer:
    """Works in a thread of its own from the moment it is made until close()."""

    def __init__(self, options: LinkOptions, events: Store, metrics: Metrics) -> None:
        self._log = events
        self._poll_seconds = options.poll_seconds
        self._metrics = metrics
        self._closing = Event()
        self._wake = Wake()
        self._context = zmq.Context()
        self._xpub = open_socket(self._context, zmq.XPUB, queue=options.event_queue, max_bytes=MAX_REQUEST)
        self._xpub.setsockopt(zmq.XPUB_VERBOSE, 1)  # to hear of every subscriber, and greet it
        self._router = open_socket(self._context, zmq.ROUTER, queue=_REPLIES_WAITING, max_bytes=MAX_REQUEST)
        self._monitors = [(watch(it, PEER_TROUBLE), lane) for it, lane in self._lanes()]
        try:
            self.events_address = bind(self._xpub, options.events, "events")
            self.replay_address = bind(self._router, options.replay, "replay")
        except BaseException:
            self._release()
            raise
        self._epoch: Epoch | None = None  # None until the log was reached for the first time
        self._cursor = 0  # sequence of the last event published
        self._tail_at = self._heartbeat_at = self._heard_at = monotonic()
        self._pause = 0.0  # seconds, while the log is away
        self._reading = Standing(log, "announcer: reading the event log")
        self._reaching = Standing(log, "announcer: publishing to all subscribers")
        self._dropping = False
        self._thread = Thread(target=self._run, name="announcer", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """There is something new in the log. From any thread."""
        self._wake.set()

    def close(self) -> None:
        """Safe to call twice."""
        self._closing.set()
        self._wake.set()
        self._thread.join()
        self._release()

    def _run(self) -> None:
        poller = zmq.Poller()
        for each in (self._wake, self._xpub, self._router, *(monitor for monitor, _ in self._monitors)):
            poller.register(each, zmq.POLLIN)
        while not self._closing.is_set():
            if monotonic() >= self._tail_at:
                self._tail()
            if monotonic() >= self._heartbeat_at:
                self._beat()
            due = min(self._tail_at, self._heartbeat_at) - monotonic()
            ready = dict(poller.poll(ceil(max(0.0, due) * 1000)))
            if self._wake.fileno() in ready:
                self._wake.clear()
                if not self._pause:
                    self._tail_at = monotonic()
            self._greet()
            self._answer()
            for monitor, lane in self._monitors:
                count_peers(monitor, self._metrics, lane)

    def _tail(self) -> None:
        """Publish what is new in the log."""
        try:
            if self._epoch is None:
                self._epoch, self._cursor = self._log.epoch, self._log.last_sequence()
            batch = self._log.events(self._cursor, _BATCH)
        except StoreUnavailable as error:
            self._put_off(error)
            return
        self._reading.works()
        self._pause = 0.0
        for event in batch:
            self._publish(event)
        self._tail_at = monotonic() + (0.0 if len(batch) == _BATCH else self._poll_seconds)

    def _publish(self, event: IdentityEvent) -> None:
        header = pack_header(event.epoch, event.sequence)
        self._send([event.type.value.encode(), header, event_to_json(event)])
        self._epoch, self._cursor = event.epoch, event.sequence
        self._metrics.add("events_published")

    def _beat(self) -> None:
        """What was published last: without it, nobody would notice that the tail was lost."""
        self._heard_at = monotonic()
        self._heartbeat_at = self._heard_at + HEARTBEAT_SECONDS
        if not self._dropping:
            self._reaching.works()
        self._dropping = False
        self._follow()
        if self._epoch is not None:
            self._send([HEARTBEAT, pack_header(self._epoch, self._cursor), b""])

    def _follow(self) -> None:
        """Another log in the place of ours, or one that lost its end, is told from what it says of itself."""
        if self._epoch is None or self._pause:
            return
        try:
            epoch, last = self._log.epoch, self._log.last_sequence()
        except StoreUnavailable as error:
            self._put_off(error)
            return
        if epoch != self._epoch:
            log.warning("announcer: the event log is another one now: epoch %s, was %s", epoch, self._epoch)
            self._epoch, self._cursor = epoch, 0
            self._tail_at = monotonic()
        elif last < self._cursor:
            log.error("announcer: the event log lost its end: it stands at %d, was at %d", last, self._cursor)
            self._cursor = last

    def _put_off(self, error: StoreUnavailable) -> None:
        self._reading.broke(error)
        first, longest = _RETRY_SECONDS
        self._pause = min(longest, 2 * self._pause or first)
        self._tail_at = monotonic() + self._pause

    def _greet(self) -> None:
        """A new subscriber learns at once where the log stands."""
        for _ in range(_SUBSCRIPTIONS):
            frames = receive(self._xpub)
            if frames is None:
                return
            if len(frames) != 1 or frames[0][:1] not in (b"\0", b"\1"):
                self._metrics.add("messages_malformed", lane="events")
            elif frames[0][:1] == b"\1":
                self._metrics.add("subscriptions")
                self._heartbeat_at = min(self._heartbeat_at, self._heard_at + _WELCOME_SECONDS)

    def _answer(self) -> None:
        for _ in range(_REPLAYS):
            frames = receive(self._router)
            if frames is None:
                return
            if len(frames) != 3 or len(frames[1]) > MAX_TAG:
                self._metrics.add("messages_malformed", lane="replay")
                continue
            peer, tag, body = frames
            try:
                request = unpack_request(body)
            except RecordInvalid as error:
                self._metrics.add("messages_refused", lane="replay")
                send(self._router, [peer, tag, *refusal(str(error))])
                continue
            self._metrics.add("replays")
            send(self._router, [peer, tag, *replay(request, self._log)])

    def _send(self, frames: list[bytes]) -> None:
        """To everybody; a full queue of one subscriber is counted, and holds up nobody."""
        self._xpub.setsockopt(zmq.XPUB_NODROP, 1)
        if send(self._xpub, frames):
            return
        self._dropping = True  # since the last heartbeat
        self._metrics.add("events_dropped")
        self._reaching.broke("one does not keep up and must ask for replay")
        self._xpub.setsockopt(zmq.XPUB_NODROP, 0)
        send(self._xpub, frames)

    def _lanes(self) -> list[tuple[zmq.SyncSocket, str]]:
        return [(self._xpub, "events"), (self._router, "replay")]

    def _release(self) -> None:
        if self._context.closed:
            return
        for it, _ in self._lanes():
            it.disable_monitor()
            it.close()
        for monitor, _ in self._monitors:
            monitor.close()
        self._context.term()
        self._wake.close()
