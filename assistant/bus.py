"""Events on their way to all their subscribers: the log, metrics, interfaces, the watchdog."""

import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from assistant.events import Event

log = logging.getLogger(__name__)


class Bus:
    """Hands events on as they are and encodes nothing. For one event loop; subscribers return at once."""

    def __init__(self) -> None:
        self._subscriptions: dict[object, Callable[[Event], None]] = {}
        self._waiting: deque[Event] = deque()
        self._is_delivering = False

    def emit(self, event: Event) -> None:
        """Deliver `event` to every subscriber, in the order in which they subscribed. Never raises what one raises.

        A subscriber may emit as well: its event is delivered after the present one, so that all hear the same order.
        """
        self._waiting.append(event)
        if self._is_delivering:
            return
        self._is_delivering = True
        try:
            while self._waiting:
                self._deliver(self._waiting.popleft())
        finally:
            self._is_delivering = False

    @contextmanager
    def subscribe(self, take: Callable[[Event], None]) -> Iterator[None]:
        """Call `take` with every event that is emitted while the context lasts.

        May begin and end while an event is being delivered: a new subscriber gets the next one, one that has ended gets
        nothing more. What `take` raises is logged, and it stays subscribed.
        """
        subscription = object()
        self._subscriptions[subscription] = take
        try:
            yield
        finally:
            del self._subscriptions[subscription]

    def _deliver(self, event: Event) -> None:
        for subscription in tuple(self._subscriptions):
            take = self._subscriptions.get(subscription)
            if take is None:
                continue  # it ended while others got this event
            try:
                take(event)
            except Exception:
                log.exception("a subscriber failed at %s", type(event).__name__)
