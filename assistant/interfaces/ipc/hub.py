"""Events on their way from the bus to the clients of the socket, as lines of JSON-RPC."""

from collections.abc import Collection
from typing import Protocol

from assistant.events import Event, Level
from assistant.interfaces.ipc import rpc


def event_names() -> list[str]:
    """Every event that there is."""
    return sorted(name_of(kind) for kind in Event.__subclasses__())


def name_of(kind: type[Event]) -> str:
    """What the wire calls an event."""
    return str(kind.__struct_config__.tag)


DEFAULT_EVENTS = frozenset(event_names()) - {name_of(Level)}
"""What a client gets that names no events; levels are too many."""


class Subscriber(Protocol):
    """A connection."""

    @property
    def wanted(self) -> Collection[str]:
        """The names of the events that it asked for."""

    def send_event(self, line: bytes) -> bool:
        """Take a notification; whether another had to be dropped for it. Returns at once."""


class EventHub:
    """A subscriber of the bus that encodes an event once for all connections, and only if one wants it."""

    def __init__(self) -> None:
        self._subscribers: dict[Subscriber, None] = {}
        self.dropped = 0
        """Events that did not reach a client because it read too slowly."""

    def add(self, subscriber: Subscriber) -> None:
        """Send `subscriber` the events that it wants."""
        self._subscribers[subscriber] = None

    def remove(self, subscriber: Subscriber) -> None:
        """Send `subscriber` nothing more, if it was sent anything."""
        self._subscribers.pop(subscriber, None)

    def take(self, event: Event) -> None:
        """Send `event` to the connections that want it; returns at once."""
        name = name_of(type(event))
        interested = [subscriber for subscriber in self._subscribers if name in subscriber.wanted]
        if not interested:
            return
        line = rpc.notification("event", event)
        self.dropped += sum(subscriber.send_event(line) for subscriber in interested)
