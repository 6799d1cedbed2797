"""The answer to a subscriber that missed events: a range of the log, bounded."""

from reid_core.errors import StoreUnavailable
from reid_core.protocols import Store
from reid_core.wire import SCHEMA, event_to_json
from stream.link.messages import REPLAY_BYTES, REPLAY_EVENTS, ReplayReply, ReplayRequest, pack_reply


def replay(request: ReplayRequest, log: Store) -> list[bytes]:
    """[reply][event]...: what follows `after`; everything, when `after` counts in another log."""
    try:
        epoch = log.epoch
        # before the events: so that these reach to `last` at least, unless the reply is full
        last = log.last_sequence()
        after = request.after if request.epoch in ("", epoch) else 0
        events = log.events(after, min(request.limit, REPLAY_EVENTS))
    except StoreUnavailable:
        return refusal("the event log is away; ask again")
    bodies: list[bytes] = []
    room = REPLAY_BYTES
    for event in events:
        body = event_to_json(event)
        room -= len(body)
        if bodies and room < 0:
            break
        bodies.append(body)
    return [pack_reply(ReplayReply(SCHEMA, epoch, last)), *bodies]


def refusal(why: str) -> list[bytes]:
    return [pack_reply(ReplayReply(SCHEMA, error=why[:500]))]
