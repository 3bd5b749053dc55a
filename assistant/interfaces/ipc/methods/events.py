"""Subscribing to what happens."""

from typing import Annotated

from msgspec import Meta, Struct

from assistant.errors import AssistantError, Code
from assistant.events import Event
from assistant.interfaces.ipc.access import Right
from assistant.interfaces.ipc.call import Call
from assistant.interfaces.ipc.hub import DEFAULT_EVENTS, event_names
from assistant.interfaces.ipc.method import Params, method
from assistant.interfaces.ipc.outbox import Lagged

EventName = Annotated[str, Meta(max_length=40)]


class Subscribe(Params, frozen=True):
    """Send what happens, as notifications `event`, until the connection is closed. Replaces what was asked before."""

    events: Annotated[
        list[EventName] | None,
        Meta(description="Names of events; null for all but `level`; [] for none."),
    ] = None


class SubscribeResult(Struct, frozen=True):
    events: list[str]


@method(
    "subscribe",
    Right.READ,
    Subscribe,
    SubscribeResult,
    notifications=(("event", Event), ("lagged", Lagged)),
)
async def subscribe(params: Subscribe, call: Call) -> SubscribeResult:
    wanted = DEFAULT_EVENTS if params.events is None else frozenset(params.events)
    if unknown := sorted(wanted - set(event_names())):
        known = ", ".join(event_names())
        raise AssistantError(Code.IPC_INVALID_PARAMS, f"subscribe: there is no event {unknown[0]!r}, only {known}")
    call.client.subscribe(wanted)
    return SubscribeResult(events=sorted(wanted))
