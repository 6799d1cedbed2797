"""Lane 1, the identity service's side: tracklets come in, and each is acknowledged or refused."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import monotonic

import zmq

from reid_core.errors import RecordInvalid
from reid_core.records import TrackletEmbedding
from reid_core.wire import unpack_embedding
from stream.link.addresses import LinkOptions
from stream.link.messages import MAX_FRAME, MAX_REASON, MAX_TAG, Answer, pack_answer
from stream.link.sockets import PEER_TROUBLE, bind, count_peers, open_socket, receive, send, watch
from stream.metrics import Metrics

_QUEUE = 128  # messages that may wait for each worker; beyond it TCP holds the worker back


@dataclass(frozen=True, slots=True, eq=False)
class Delivery:
    """Answer it once it is safe: what is not answered is sent again."""

    embedding: TrackletEmbedding
    _answer: Callable[[str], None]

    def acknowledge(self) -> None:
        self._answer("")

    def refuse(self, reason: str) -> None:
        """For good: the worker drops it."""
        self._answer(reason or "no reason was given")


class Inbox:
    """One thread owns it: that which receives also answers and closes."""

    def __init__(self, options: LinkOptions, metrics: Metrics) -> None:
        self._metrics = metrics
        self._context = zmq.Context()
        self._socket = open_socket(self._context, zmq.ROUTER, queue=_QUEUE, max_bytes=MAX_FRAME)
        self._monitor = watch(self._socket, PEER_TROUBLE)
        try:
            self.address = bind(self._socket, options.tracklets, "tracklets")
        except BaseException:
            self.close()
            raise
        self._poller = zmq.Poller()
        self._poller.register(self._socket, zmq.POLLIN)
        self._poller.register(self._monitor, zmq.POLLIN)

    def receive(self, timeout_seconds: float) -> Delivery | None:
        """The next tracklet; None when none came in time. What is no tracklet is refused and counted."""
        until = monotonic() + timeout_seconds
        while True:
            frames = receive(self._socket)
            if frames is not None and (delivery := self._accept(frames)):
                return delivery
            left = until - monotonic()
            if left <= 0:
                return None
            if frames is None:
                self._poller.poll(int(left * 1000) + 1)
                count_peers(self._monitor, self._metrics, "tracklets")

    def close(self) -> None:
        """Safe to call twice."""
        if not self._context.closed:
            self._socket.disable_monitor()
            self._monitor.close()
            self._socket.close()
            self._context.term()

    def _accept(self, frames: list[bytes]) -> Delivery | None:
        if len(frames) != 3 or len(frames[1]) > MAX_TAG:
            # not even an envelope: nobody to answer
            self._metrics.add("messages_malformed", lane="tracklets")
            return None
        peer, tag, body = frames
        try:
            embedding = unpack_embedding(body)
        except RecordInvalid as error:
            self._metrics.add("messages_refused", lane="tracklets")
            self._answer(peer, tag, str(error))
            return None
        self._metrics.add("tracklets_received")
        return Delivery(embedding, partial(self._answer, peer, tag))

    def _answer(self, peer: bytes, tag: bytes, refusal: str) -> None:
        """To a peer that has gone or does not read, it is lost; the worker sends again and is answered again."""
        send(self._socket, [peer, pack_answer(Answer(tag, refusal[:MAX_REASON]))])
