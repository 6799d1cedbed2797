"""Identity events for anybody: in order, none missing, none twice, over restarts of either side.

with subscribe() as events:
    for event in events:
        print(event.identity, event.tracklet.camera)
"""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from math import ceil, inf
from threading import Lock
from time import monotonic
from types import TracebackType
from typing import NamedTuple

import zmq
from msgspec.structs import replace

from reid_core.errors import ConfigInvalid, LinkUnavailable, RecordInvalid, RecordUnknown, redacted
from reid_core.records import EventType, IdentityEvent
from reid_core.wire import event_from_json, event_place
from stream.link.addresses import EVENTS, REPLAY
from stream.link.messages import (
    HEARTBEAT,
    HEARTBEAT_SECONDS,
    MAX_FRAME,
    Header,
    ReplayReply,
    ReplayRequest,
    pack_request,
    unpack_header,
    unpack_reply,
)
from stream.link.sockets import connect, open_socket, receive, send
from stream.link.standing import Standing
from stream.link.wake import Wake

log = logging.getLogger("restride.client")

_ASK_AGAIN_SECONDS = 2.0
_RETRY_SECONDS = 0.5  # after an answer that the log is away
_SILENCE_SECONDS = 5 * HEARTBEAT_SECONDS
_LONG_SECONDS = 3600.0  # one poll; ZeroMQ counts it in 32 bits
_QUEUE = 10_000  # events that wait while the caller is busy; beyond it they are dropped here and asked for later

Filter = Callable[[IdentityEvent], bool]


class Position(NamedTuple):
    """How far a subscriber has read: give it back as `since` to go on from there."""

    epoch: str  # of the log
    sequence: int


def subscribe(
    events: str = EVENTS,
    replay: str = REPLAY,
    *,
    since: int | Position | None = None,
    types: Iterable[EventType | str] | EventType | str | None = None,
    cameras: Iterable[str] | str | None = None,
    identities: Iterable[str] | str | None = None,
    timeout_seconds: float | None = None,
    connect_seconds: float | None = 5.0,
) -> "Subscription":
    """Events as they are decided.

    since: None for what comes from now on, 0 for everything, a sequence or a `position` for what follows it.
    types, cameras, identities: only events of these.
    timeout_seconds: without an event for so long, the iteration ends; None waits for ever.
    connect_seconds: with no service there for so long, LinkUnavailable; None waits for ever.
    """
    wanted = _filter(types, cameras, identities)
    return Subscription(events, replay, since, wanted, timeout_seconds, connect_seconds)


class Subscription(Iterator[IdentityEvent]):
    """What subscribe() gives. `with` waits for the service at once, a plain `for` at its first event."""

    def __init__(
        self,
        events: str,
        replay: str,
        since: int | Position | None,
        wanted: Filter,
        timeout_seconds: float | None,
        connect_seconds: float | None,
    ) -> None:
        if not isinstance(since, tuple) and since is not None and since < 0:
            raise ConfigInvalid(f"since: expected 0 or more, found {since}")
        self._addresses = {"events": redacted(events), "replay": redacted(replay)}
        self._since = since
        self._wanted = wanted
        self._timeout_seconds = timeout_seconds
        self._connect_seconds = connect_seconds
        self._cursor: Position | None = None  # of the last event fetched; None until connected
        self._shown: Position | None = None  # of the last event given to the caller
        self._fetched: deque[tuple[Position, IdentityEvent | None]] = deque()  # None for one that was stepped over
        self._stepped_over = 0
        self._behind = False  # there is more in the log than the cursor says
        self._question = 0
        self._refusal = ""  # the last one of the replay
        self._hearing = Standing(log, f"events of {events}")
        self._busy = Lock()  # held by whoever uses the sockets
        self._closed = False
        self._wake = Wake()
        self._context = zmq.Context()
        self._sub = open_socket(self._context, zmq.SUB, queue=_QUEUE, max_bytes=MAX_FRAME)
        self._dealer = open_socket(self._context, zmq.DEALER, queue=1, max_bytes=MAX_FRAME)
        try:
            self._sub.setsockopt(zmq.SUBSCRIBE, b"")  # everything: a filter here would look like gaps
            connect(self._sub, events, "events")
            connect(self._dealer, replay, "replay")
        except BaseException:
            self.close()
            raise

    @property
    def position(self) -> Position | None:
        """Of the last event that was given out, or passed over; None before the service was reached."""
        return self._shown

    @property
    def stepped_over(self) -> int:
        """How many events this version could not read, as of a type that was added later."""
        return self._stepped_over

    def __iter__(self) -> "Subscription":
        return self

    def __next__(self) -> IdentityEvent:
        try:
            with self._busy:
                self._connect()
                event = self._next()
        finally:
            self._end()
        if event is None:
            raise StopIteration
        return event

    def connect(self) -> None:
        """Wait until the service is there, and take the position. Raises LinkUnavailable."""
        try:
            with self._busy:
                self._connect()
        finally:
            self._end()

    def __enter__(self) -> "Subscription":
        try:
            self.connect()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        with suppress(AttributeError):  # the constructor refused its arguments
            self.close()

    def close(self) -> None:
        """Ends the iteration. From any thread, and safe to call twice."""
        self._closed = True
        self._wake.set()
        self._end()

    def _end(self) -> None:
        # whoever is in the middle of an iteration does this when it leaves
        if self._closed and self._busy.acquire(blocking=False):
            try:
                if not self._context.closed:
                    self._sub.close(0)
                    self._dealer.close(0)
                    self._context.term()
                    self._wake.close()
            finally:
                self._busy.release()

    def _connect(self) -> None:
        """The subscription stands before the position is taken, so that nothing can fall between them."""
        if self._cursor is not None or self._closed:
            return None
        until = _from_now(self._connect_seconds)
        header = self._first_header(until)
        if header is None:
            return self._missing("events")
        if isinstance(self._since, tuple):
            self._cursor = Position(*self._since)
        else:
            self._cursor = Position(header.epoch, header.sequence if self._since is None else self._since)
        answer = self._ask(until)
        if answer is None:
            self._cursor = None
            return self._missing("replay")
        reply, bodies = answer
        if self._since is None:
            self._cursor, bodies = Position(reply.epoch, reply.last), []  # what was logged before now is not asked for
        self._shown = self._cursor
        self._absorb(reply, bodies)
        return None

    def _first_header(self, until: float) -> Header | None:
        """Where the log stands as the subscription begins."""
        frames = self._wait(self._sub, until)
        if frames is None:
            return None
        header = unpack_header(frames[1] if len(frames) == 3 else b"")
        return header if frames[0] == HEARTBEAT else replace(header, sequence=header.sequence - 1)

    def _missing(self, option: str) -> None:
        if self._refusal and option == "replay":
            raise LinkUnavailable(f"{option}: {self._refusal} (at {self._addresses[option]})")
        if not self._closed:
            raise LinkUnavailable(
                f"{option}: nobody answers at {self._addresses[option]} within {self._connect_seconds:g} seconds; "
                f"is `restride run` or `restride identity` running, and is this its `{option}` address?"
            )

    def _next(self) -> IdentityEvent | None:
        until = _from_now(self._timeout_seconds)
        while not self._closed:
            while self._fetched:
                self._shown, event = self._fetched.popleft()
                if event is not None and self._wanted(event):
                    return event
            if not (self._catch_up(until) if self._behind else self._listen(until)):
                return None
        return None

    def _listen(self, until: float) -> bool:
        """Take one message of the live events; False when time is over."""
        frames = self._wait(self._sub, min(until, _from_now(_SILENCE_SECONDS)))
        if frames is not None:
            self._hearing.works()
            self._behind = not self._follows(frames)
        elif monotonic() >= until or self._closed:
            return False
        else:
            self._hearing.broke(f"no heartbeat for {_SILENCE_SECONDS:g} seconds; waiting for the service")
        return bool(self._fetched) or monotonic() < until  # what a filter drops is no event

    def _follows(self, frames: list[bytes]) -> bool:
        """Whether nothing is missing before this message. What is not understood the replay must explain."""
        cursor = self._here
        try:
            topic, raw, body = frames
            header = unpack_header(raw)
            if header.epoch != cursor.epoch:
                return False
            if topic == HEARTBEAT:
                return header.sequence == cursor.sequence
            if header.sequence == cursor.sequence + 1:
                return self._keep(event_from_json(body))
        except RecordUnknown as error:  # the replay would say the same
            self._step_over(Position(header.epoch, header.sequence), error)
            return True
        except (ValueError, RecordInvalid):
            return False
        return header.sequence <= cursor.sequence  # seen already

    def _keep(self, event: IdentityEvent) -> bool:
        if event.epoch != self._here.epoch or event.sequence <= self._here.sequence:
            return False
        self._cursor = Position(event.epoch, event.sequence)
        self._fetched.append((self._cursor, event))
        return True

    def _step_over(self, place: Position, why: RecordInvalid) -> None:
        """To ask for it again would not help: the log will never say it otherwise."""
        if not self._stepped_over:
            log.warning(
                "events: stepping over number %d: %s; others like it are passed in silence", place.sequence, why
            )
        self._stepped_over += 1
        self._cursor = place
        self._fetched.append((place, None))

    def _catch_up(self, until: float) -> bool:
        """Fetch one range of the log; False when time is over."""
        answer = self._ask(until)
        if answer is not None:
            self._absorb(*answer)
        return answer is not None

    def _absorb(self, reply: ReplayReply, bodies: list[bytes]) -> None:
        """The word of the log is final."""
        if reply.epoch != self._here.epoch:
            log.warning("events: the service has another log now (epoch %s); all of it follows", reply.epoch)
            self._cursor = Position(reply.epoch, 0)
        elif reply.last < self._here.sequence:
            log.warning("events: the log ends at %d, before %d; going on there", reply.last, self._here.sequence)
            self._cursor = Position(reply.epoch, reply.last)
        for body in bodies:
            try:
                event = event_from_json(body)
                if not self._keep(event):  # numbers may be missing here: people can be forgotten
                    raise RecordInvalid(f"event: {event.id} is none that was asked for")
            except RecordInvalid as error:
                self._step_over(self._place(body), error)
        if not bodies and reply.last > self._here.sequence:
            self._cursor = Position(reply.epoch, reply.last)
        self._behind = reply.last > self._here.sequence

    def _place(self, body: bytes) -> Position:
        """Of an event in a reply: after the cursor at least, whatever it says itself."""
        epoch, sequence = event_place(body) or ("", 0)
        following = self._here.sequence + 1
        return Position(self._here.epoch, max(sequence, following) if epoch == self._here.epoch else following)

    def _ask(self, until: float) -> tuple[ReplayReply, list[bytes]] | None:
        """What follows the cursor. Asks again until there is an answer; None when time is over."""
        request = pack_request(ReplayRequest(after=self._here.sequence, epoch=self._here.epoch))
        while not self._closed and monotonic() < until:
            self._question += 1
            tag = b"%d" % self._question
            patience = min(until, _from_now(_ASK_AGAIN_SECONDS))
            while not send(self._dealer, [tag, request]):
                if not self._ready(self._dealer, zmq.POLLOUT, patience):
                    break
            while (frames := self._wait(self._dealer, patience)) is not None:
                if len(frames) < 2 or frames[0] != tag:
                    continue  # an answer that we had given up on
                reply = unpack_reply(frames[1])
                if not reply.error:
                    self._refusal = ""
                    return reply, frames[2:]
                self._refusal = reply.error
                self._hearing.broke(reply.error)
                patience = min(until, _from_now(_RETRY_SECONDS))
        return None

    def _wait(self, it: zmq.SyncSocket, until: float) -> list[bytes] | None:
        while (frames := receive(it)) is None:
            if not self._ready(it, zmq.POLLIN, until):
                return None
        return frames

    def _ready(self, it: zmq.SyncSocket, flag: int, until: float) -> bool:
        """False when time is over, or on close()."""
        left = until - monotonic()
        if self._closed or left <= 0:
            return False
        poller = zmq.Poller()
        poller.register(it, flag)
        poller.register(self._wake, zmq.POLLIN)
        poller.poll(ceil(min(left, _LONG_SECONDS) * 1000))
        return not self._closed

    @property
    def _here(self) -> Position:
        assert self._cursor is not None, "connected"
        return self._cursor


def _from_now(seconds: float | None) -> float:
    return inf if seconds is None else monotonic() + seconds


def _filter(
    types: Iterable[EventType | str] | EventType | str | None,
    cameras: Iterable[str] | str | None,
    identities: Iterable[str] | str | None,
) -> Filter:
    try:
        kinds = (
            None
            if types is None
            else {EventType(each) for each in ([types] if isinstance(types, str | EventType) else types)}
        )
    except ValueError as error:
        known = ", ".join(each.value for each in EventType)
        raise ConfigInvalid(f"types: {error}; known: {known}") from error
    places = None if cameras is None else _several(cameras)
    people = None if identities is None else _several(identities)

    def wanted(event: IdentityEvent) -> bool:
        return (
            (kinds is None or event.type in kinds)
            and (places is None or event.tracklet.camera in places)
            and (people is None or event.identity in people)
        )

    return wanted


def _several(names: Iterable[str] | str) -> set[str]:
    """One name stands for itself, not for its letters."""
    return {names} if isinstance(names, str) else set(names)
