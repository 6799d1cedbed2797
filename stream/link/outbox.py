"""Lane 1, the worker's side: every tracklet reaches the identity service, also when it is away for hours."""

import logging
from threading import Condition, Event, Thread
from time import monotonic

import zmq

from reid_core.errors import LinkUnavailable, RecordInvalid
from reid_core.records import TrackletEmbedding
from reid_core.wire import pack_embedding
from stream.link.addresses import LinkOptions
from stream.link.messages import MAX_FRAME, unpack_answer
from stream.link.sockets import connect, happened, open_socket, receive, send, watch
from stream.link.spool import Spool
from stream.link.standing import Standing
from stream.link.wake import Wake
from stream.metrics import Metrics

log = logging.getLogger("restride.link")

_READ_AHEAD = 64  # tracklets taken from the spool at once
_IDLE_MS = 1000


class Outbox:
    """Sends what lies in the spool, in order, at most `window` unacknowledged; the spool stays its maker's to close."""

    def __init__(self, spool: Spool, options: LinkOptions, metrics: Metrics) -> None:
        self._spool = spool
        self._options = options
        self._metrics = metrics
        self._settled = Condition()
        self._closing = Event()
        self._wake = Wake()
        self._context = zmq.Context()
        # the window bounds what waits; the queue only has to be wider
        self._socket = open_socket(self._context, zmq.DEALER, queue=2 * options.window, max_bytes=MAX_FRAME)
        self._socket.setsockopt(zmq.LINGER, 0)  # the spool keeps what has not left
        # Queue for a service that is there, not for one that may come. Safe only because answers are single frames
        self._socket.setsockopt(zmq.IMMEDIATE, 1)
        self._monitor = watch(self._socket, zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED)
        try:
            connect(self._socket, options.tracklets, "tracklets")
        except BaseException:
            self._release()
            raise
        if len(spool):
            log.info("outbox: %d tracklets of an earlier run are sent first", len(spool))
        self._cursor = 0  # sequence of the last one sent
        self._flight: dict[str, float] = {}  # id -> when it was sent, in that order
        self._blocked = False  # nobody there, or the peer reads too slowly
        self._writing = Standing(log, "outbox: writing to the spool")
        self._reading = Standing(log, "outbox: reading the spool")
        self._delivering = Standing(log, f"outbox: delivering to {options.tracklets}")
        self._thread = Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    def put(self, embedding: TrackletEmbedding) -> None:
        """Returns once it is on disk; what a failing disk refuses is dropped and counted. Raises RecordInvalid."""
        body = pack_embedding(embedding)
        try:
            dropped = self._spool.put(str(embedding.tracklet), body)
        except LinkUnavailable as error:
            self._metrics.add("tracklets_dropped", reason="spool_failed")
            self._writing.broke(error)
            return
        self._writing.works()
        self._metrics.add("tracklets_spooled")
        if dropped:
            self._metrics.add("tracklets_dropped", dropped, reason="spool_full")
        self._wake.set()

    def drain(self, timeout_seconds: float) -> bool:
        """Wait until everything was answered; False if that took longer."""
        with self._settled:
            return self._settled.wait_for(lambda: len(self._spool) == 0, timeout_seconds)

    def close(self) -> None:
        """What was not acknowledged stays in the spool. Safe to call twice."""
        self._closing.set()
        self._wake.set()
        self._thread.join()
        self._release()

    def _run(self) -> None:
        poller = zmq.Poller()
        poller.register(self._wake, zmq.POLLIN)
        poller.register(self._monitor, zmq.POLLIN)
        while not self._closing.is_set():
            try:
                self._go_back()
                self._send()
                poller.register(self._socket, zmq.POLLIN | (zmq.POLLOUT if self._blocked else 0))
                ready = dict(poller.poll(self._patience_ms()))
                if self._blocked and not ready:
                    self._delivering.broke("nobody takes tracklets there; they wait in the spool")
                self._blocked = self._blocked and not ready.get(self._socket, 0) & zmq.POLLOUT
                self._wake.clear()
                self._take_answers()
                self._metrics.put("spool_bytes", self._spool.used_bytes)
                self._metrics.put("spool_tracklets", len(self._spool))
                self._reading.works()
            except LinkUnavailable as error:
                self._reading.broke(error)
                self._closing.wait(_IDLE_MS / 1000)

    def _go_back(self) -> None:
        """After a lost connection or a silence, begin again with the oldest that is unacknowledged."""
        lost = False
        for event in happened(self._monitor):
            self._metrics.put("outbox_connected", float(event == zmq.EVENT_HANDSHAKE_SUCCEEDED))
            lost = lost or event == zmq.EVENT_DISCONNECTED
        silent = self._flight and not self._blocked and self._silence() >= self._options.resend_seconds
        if lost or silent:
            self._delivering.broke("the connection was lost" if lost else "no answer; sending again")
            self._metrics.add("tracklets_resent", len(self._flight))
            self._flight.clear()

    def _silence(self) -> float:
        """Since the oldest on the way was sent."""
        return monotonic() - next(iter(self._flight.values()))

    def _send(self) -> None:
        if not self._flight:
            self._cursor = 0  # nothing is on the way, so all that the spool holds is to be sent
        while not self._blocked and (room := self._options.window - len(self._flight)) > 0:
            batch = self._spool.after(self._cursor, min(room, _READ_AHEAD))
            for each in batch:
                if not send(self._socket, [each.tracklet.encode(), each.body]):
                    self._blocked = True
                    break
                self._cursor = each.sequence
                self._flight[each.tracklet] = monotonic()
                self._metrics.add("tracklets_sent")
            if not batch:
                break

    def _patience_ms(self) -> int:
        if self._blocked or not self._flight:
            return _IDLE_MS
        left = int(1000 * (self._options.resend_seconds - self._silence()))
        return min(_IDLE_MS, max(1, left))

    def _take_answers(self) -> None:
        done: list[str] = []
        while len(done) < self._options.window and (frames := receive(self._socket)) is not None:
            try:
                answer = unpack_answer(b"".join(frames))
            except RecordInvalid:
                self._metrics.add("answers_malformed")
                continue
            done.append(answer.tag.decode(errors="replace"))
            self._metrics.add("tracklets_refused" if answer.refusal else "tracklets_acknowledged")
            if answer.refusal:
                why = "".join(each if each.isprintable() else "?" for each in answer.refusal)
                log.warning("outbox: tracklet %s was refused and is dropped: %s", done[-1], why)
        if not done:
            return
        self._delivering.works()
        for each in done:
            self._flight.pop(each, None)
        self._spool.remove(done)
        with self._settled:
            self._settled.notify_all()

    def _release(self) -> None:
        if not self._context.closed:
            self._socket.disable_monitor()
            self._monitor.close()
            self._socket.close()
            self._context.term()
            self._wake.close()
