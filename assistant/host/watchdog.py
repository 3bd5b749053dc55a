"""The watchdog: the service manager is notified as long as the daemon is healthy, and otherwise restarts it.

Healthy means that the event loop turns, because this runs on it; that sound comes from the microphone and voice
activity is computed, because both precede each `Level` event; and that no engine has been at work for too long without
a sign of life.
"""

import logging
import time
from collections.abc import Callable

import anyio

from assistant import blocking
from assistant.events import Event, Level
from assistant.host.notify import Notifier

log = logging.getLogger(__name__)

MAX_INPUT_SILENCE_S = 5.0
"""Seconds without input after which the daemon is unhealthy. Levels come ten times a second."""

MAX_ENGINE_SILENCE_S = 120.0
"""Seconds for which an engine may work without emitting anything. On a small board the longest such time is that of a
language model that reads a prompt of 2048 tokens, at 20 tokens a second."""

UNSUPERVISED_CHECK_S = 10.0
"""Seconds between two checks where no service manager sets an interval."""


class Watchdog:
    """Notifies the service manager as long as the daemon is healthy."""

    def __init__(self, notifier: Notifier, within_s: float | None, input_excused: Callable[[], bool]) -> None:
        """`within_s`: the longest interval that the service manager accepts, None without one. `input_excused`: whether
        input may be missing, for a reason that is known and dealt with.
        """
        self._notifier = notifier
        self._check_s = within_s / 4 if within_s else UNSUPERVISED_CHECK_S
        self._input_excused = input_excused
        self._input_at = time.monotonic()
        self._input_came = anyio.Event()
        self._was_healthy = True

    def observe(self, event: Event) -> None:
        """Take an event of the conversation; a `Level` shows that input comes."""
        if isinstance(event, Level):
            self._input_at = time.monotonic()
            self._input_came.set()

    async def until_input(self) -> None:
        """Return when input has come, or need not."""
        while not self._input_excused() and not self._input_came.is_set():
            with anyio.move_on_after(1.0):
                await self._input_came.wait()

    @property
    def problem(self) -> str:
        """What is wrong, in words; empty while the daemon is healthy."""
        silence_s, name = blocking.longest_silence()
        if silence_s > MAX_ENGINE_SILENCE_S:
            return f"{name} has been at work for {silence_s:.0f} s without a sign"
        silent_s = time.monotonic() - self._input_at
        if silent_s > MAX_INPUT_SILENCE_S and not self._input_excused():
            return f"no sound from the microphone for {silent_s:.0f} s"
        return ""

    async def run(self) -> None:
        """Check and notify until cancelled; log each new problem once."""
        while True:
            problem = self.problem
            if not problem:
                self._notifier.alive()
            elif self._was_healthy:
                log.error("watchdog: %s; a service manager will restart the assistant if it stays like this", problem)
            self._was_healthy = not problem
            await anyio.sleep(self._check_s)
