"""What was said before in one conversation."""

from collections.abc import Callable, Sequence

from assistant.answers.prompt import one_line
from assistant.store.exchanges import Exchange


def nowhere(exchange: Exchange) -> None:
    """Write nothing down."""


class History:
    """The exchanges of a conversation, oldest first. Its methods are called on the event loop.

    It begins with those that were `remembered`; each new one is handed to `keep`.
    """

    def __init__(self, remembered: Sequence[Exchange] = (), keep: Callable[[Exchange], None] = nowhere) -> None:
        self._exchanges = tuple(remembered)
        self._keep = keep

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """Oldest first. May be read in any thread: what was handed out never changes."""
        return self._exchanges

    def add(self, said: str, heard: str) -> None:
        """Remember a committed turn. One of which nothing was heard is not remembered: the user will ask again, and an
        empty answer in the prompt teaches a small model to give empty answers."""
        if said.strip() and heard.strip():
            exchange = Exchange(one_line(said), one_line(heard))
            self._exchanges = (*self._exchanges, exchange)
            self._keep(exchange)

    def forget(self, exchanges: Sequence[Exchange]) -> None:
        """Leave these out from now on; what was written down stays."""
        dropped = {id(exchange) for exchange in exchanges}
        self._exchanges = tuple(exchange for exchange in self._exchanges if id(exchange) not in dropped)

    def clear(self) -> int:
        """Forget everything; how many exchanges that were."""
        forgotten, self._exchanges = len(self._exchanges), ()
        return forgotten
