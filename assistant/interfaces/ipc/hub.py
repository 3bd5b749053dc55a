"""Events on their way to every client that asked for them."""

from collections.abc import Collection
from typing import Protocol

from assistant.events import Event, Level
from assistant.interfaces.ipc import rpc


def names() -> list[str]:
    """Every event that there is."""
    return sorted(tag_of(kind) for kind in Event.__subclasses__())


def tag_of(kind: type[Event]) -> str:
    return str(kind.__struct_config__.tag)


USUAL = frozenset(names()) - {tag_of(Level)}
"""What a client gets that does not say what it wants; levels are too many."""


class Subscriber(Protocol):
    """A client."""

    @property
    def wanted(self) -> Collection[str]:
        """The names of the events that it asked for."""

    def tell(self, line: bytes) -> bool:
        """Take a notification; whether another had to be dropped for it. Returns at once."""


class EventHub:
    """Encodes an event once for all, and only if somebody wants it."""

    def __init__(self) -> None:
        self._subscribers: dict[Subscriber, None] = {}
        self.dropped = 0
        """Events that did not reach a client because it read too slowly."""

    def add(self, subscriber: Subscriber) -> None:
        self._subscribers[subscriber] = None

    def remove(self, subscriber: Subscriber) -> None:
        self._subscribers.pop(subscriber, None)

    def emit(self, event: Event) -> None:
        """Hand `event` on; returns at once."""
        name = tag_of(type(event))
        interested = [subscriber for subscriber in self._subscribers if name in subscriber.wanted]
        if not interested:
            return
        line = rpc.notification("event", event)
        self.dropped += sum(subscriber.tell(line) for subscriber in interested)
