"""The daemon: builds the parts from the configuration, owns the one root task group, and ends on a signal."""

import logging
import signal
from contextlib import ExitStack
from datetime import datetime, time

import anyio
from anyio.abc import TaskStatus

from assistant import blocking
from assistant.audio.base import AudioSource
from assistant.audio.cancelled import EchoCancelledSource
from assistant.audio.echo import EchoCanceller
from assistant.audio.loudspeaker import Loudspeaker
from assistant.audio.microphone import Microphone
from assistant.audio.quiet_hours import QuietHours
from assistant.config import Audio, Config, Sound
from assistant.dialogue.conversation import Conversation
from assistant.errors import AssistantError, Code, single_error
from assistant.events import Emitter, Ready
from assistant.llm.history import History
from assistant.loading import load_engines
from assistant.system.process import seconds_since_start

log = logging.getLogger(__name__)

LOOK_S = 10.0
"""Seconds between two looks at the time of the day. The clock may be set, so nothing is computed ahead."""


async def run(config: Config, emit: Emitter) -> None:
    """Converse until SIGTERM or SIGINT. Raises `AssistantError` when a part that it cannot live without fails."""
    with single_error():
        await _run(config, emit)


async def _run(config: Config, emit: Emitter) -> None:
    """Until everything is loaded nothing has to be put in order, so a signal has its default effect: the end."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    with ExitStack() as parts:
        microphone = parts.enter_context(Microphone(config.audio.input))
        loudspeaker = parts.enter_context(Loudspeaker(config.audio.output))
        engines = await blocking.call(lambda stop: load_engines(config), name="loading")
        parts.callback(engines.close)
        async with anyio.create_task_group() as root:
            await root.start(_end_on_signal, root.cancel_scope)
            await root.start(_keep_volume, loudspeaker, config.sound)
            ears = hearing(config.audio, microphone, loudspeaker)
            emit(
                Ready(
                    start_s=round(seconds_since_start(), 3),
                    microphone=microphone.name,
                    loudspeaker=loudspeaker.name,
                    devices=engines.devices,
                )
            )
            await Conversation(engines, config, History(config.llm), ears, loudspeaker, emit).run()


def hearing(audio: Audio, microphone: Microphone, loudspeaker: Loudspeaker) -> AudioSource:
    """The microphone, without what the loudspeaker plays if that is wanted and possible.

    Raises `AssistantError` (`echo.library_missing`) when it is wanted in any case and the library is not there.
    """
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


async def _keep_volume(loudspeaker: Loudspeaker, sound: Sound, *, task_status: TaskStatus[None]) -> None:
    """Set the volume, now and whenever quiet hours begin or end."""
    hours = QuietHours.parse(sound.quiet_hours) if sound.quiet_hours else None
    loudspeaker.volume = volume_at(datetime.now().time(), sound, hours)
    task_status.started()
    while hours is not None:
        await anyio.sleep(LOOK_S)
        loudspeaker.volume = volume_at(datetime.now().time(), sound, hours)


def volume_at(now: time, sound: Sound, hours: QuietHours | None) -> float:
    """How loud it may be at `now`, local time."""
    return sound.quiet_volume if hours is not None and hours.include(now) else sound.volume


async def _end_on_signal(root: anyio.CancelScope, *, task_status: TaskStatus[None]) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        async for received in signals:
            log.info("%s: ending", received.name)
            root.cancel()
            return
