"""The sound card of the machine, as the room of the daemon uses it."""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from assistant.audio.base import AudioSource
from assistant.audio.devices.loudspeaker import Loudspeaker
from assistant.audio.devices.microphone import Microphone
from assistant.audio.devices.opening import open_devices
from assistant.audio.echo.canceller import EchoCanceller
from assistant.audio.echo.source import EchoCancelledSource
from assistant.config.schema import Audio
from assistant.errors import AssistantError, Code
from assistant.telemetry.metrics import Metrics

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SoundCard:
    """Microphone and loudspeaker, open."""

    microphone: Microphone
    loudspeaker: Loudspeaker
    source: AudioSource
    """The microphone, without what the loudspeaker plays where that is wanted and possible."""

    def watch(self, metrics: Metrics) -> None:
        """Let `metrics` read what it counts itself."""
        metrics.watch_counter(
            "assistant_underflows",
            "Times the loudspeaker ran dry while it played; each may be a click.",
            lambda: self.loudspeaker.underruns,
        )
        source = self.source
        if isinstance(source, EchoCancelledSource):
            metrics.watch_gauge(
                "assistant_echo_return_loss_enhancement_db",
                "By how much the echo is lowered.",
                lambda: source.convergence.erle_db,
            )
            metrics.watch_gauge(
                "assistant_echo_residual_db",
                "Level of what is left of the echo.",
                lambda: source.convergence.residual_db,
            )


async def open_sound_card(
    audio: Audio, parts: ExitStack, *, wait_s: float, waiting: Callable[[AssistantError], None]
) -> SoundCard | None:
    """Open the devices that `audio` names; None where it wants none. Parameters as `open_devices`.

    Raises `AssistantError` (`device.*`, `echo.library_missing`).
    """
    if not audio.has_sound:
        return None
    microphone, loudspeaker = await open_devices(audio, parts, wait_s=wait_s, waiting=waiting)
    return SoundCard(microphone, loudspeaker, _echo_cancelled(audio, microphone, loudspeaker))


def _echo_cancelled(audio: Audio, microphone: Microphone, loudspeaker: Loudspeaker) -> AudioSource:
    if audio.echo_cancellation == "off":
        return microphone
    try:
        canceller = EchoCanceller(noise_suppression=audio.noise_suppression)
    except AssistantError as error:
        if audio.echo_cancellation == "on" or error.code is not Code.ECHO_LIBRARY_MISSING:
            raise
        log.warning("it does not listen while it speaks: %s", error.message)
        return microphone
    return EchoCancelledSource(microphone, loudspeaker.reference(), canceller)
