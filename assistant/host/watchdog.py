"""The proof of life: a supervisor is told that all is well only as long as it is, and restarts the daemon otherwise.

The event loop turns, because this runs on it. Sound comes from the microphone and voice activity is computed, because
both stand behind each `Level` event. No engine has been at work for too long without a sign.
"""

import logging
import time
from collections.abc import Callable

import anyio

from assistant import blocking
from assistant.events import Event, Level
from assistant.host.notify import Notifier

log = logging.getLogger(__name__)

DEAF_S = 5.0
"""Seconds without sound from the microphone that are no sign of health. Levels come ten times a second."""

HUNG_S = 120.0
"""Seconds for which an engine may be at work without emitting anything. On a small board the longest silence is that of
a language model that reads a prompt of 2048 tokens, at 20 tokens a second."""

UNSUPERVISED_S = 10.0
"""Seconds between two looks where no supervisor says how often it wants to hear."""


class Watchdog:
    """Watches over the daemon. `excused`: whether sound may be missing, for a reason that is known and dealt with."""

    def __init__(self, notifier: Notifier, within_s: float | None, excused: Callable[[], bool]) -> None:
        """The supervisor wants to hear every `within_s` seconds; None: there is none."""
        self._notifier = notifier
        self._pause_s = within_s / 4 if within_s else UNSUPERVISED_S
        self._excused = excused
        self._heard_at = time.monotonic()
        self._hears = anyio.Event()
        self._was_well = True

    def observe(self, event: Event) -> None:
        """Something has happened."""
        if isinstance(event, Level):
            self._heard_at = time.monotonic()
            self._hears.set()

    async def until_heard(self) -> None:
        """Return when sound has come from the microphone, or need not."""
        while not self._excused() and not self._hears.is_set():
            with anyio.move_on_after(1.0):
                await self._hears.wait()

    @property
    def complaint(self) -> str:
        """What is wrong; empty if nothing is."""
        silence_s, name = blocking.longest_silence()
        if silence_s > HUNG_S:
            return f"{name} has been at work for {silence_s:.0f} s without a sign"
        deaf_s = time.monotonic() - self._heard_at
        if deaf_s > DEAF_S and not self._excused():
            return f"no sound from the microphone for {deaf_s:.0f} s"
        return ""

    async def keep(self) -> None:
        """Look again and again, and say so when all is well."""
        while True:
            complaint = self.complaint
            if not complaint:
                self._notifier.alive()
            elif self._was_well:
                log.error("watchdog: %s; a supervisor will restart the assistant if it stays like this", complaint)
            self._was_well = not complaint
            await anyio.sleep(self._pause_s)
