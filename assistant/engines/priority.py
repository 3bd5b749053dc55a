"""Who goes first when several want the engines: whoever speaks to the assistant, then everything else."""

from collections.abc import Iterator
from contextlib import contextmanager

import anyio


class RightOfWay:
    """Claimed by a conversation from the onset of speech until its turn is over.

    Work that nobody waits for at the pace of conversation (a typed question, a recording to transcribe) awaits `free`
    before each call of an engine, gives the call this object as its stop flag, and takes up again what was stopped.
    """

    def __init__(self) -> None:
        self._claims = 0
        self._free = anyio.Event()
        self._free.set()

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Go first for as long as the context lasts. Claims do not exclude each other."""
        if not self._claims:
            self._free = anyio.Event()
        self._claims += 1
        try:
            yield
        finally:
            self._claims -= 1
            if not self._claims:
                self._free.set()

    def is_set(self) -> bool:
        """Whether it is claimed: the engines are wanted for something more urgent. May be called in any thread."""
        return self._claims > 0

    async def free(self) -> None:
        """Return once nobody claims it."""
        while self._claims:
            await self._free.wait()
