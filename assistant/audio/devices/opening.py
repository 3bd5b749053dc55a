"""Opening the sound devices when the daemon starts, which at boot may happen before there are any."""

from collections.abc import Callable
from contextlib import ExitStack

import anyio

from assistant.audio.devices import portaudio
from assistant.audio.devices.loudspeaker import Loudspeaker
from assistant.audio.devices.microphone import Microphone
from assistant.config.schema import Audio
from assistant.errors import AssistantError, Code

RETRY_S = 2.0
"""Seconds between two attempts."""

WORTH_WAITING = {Code.DEVICE_MISSING, Code.DEVICE_FAILED}


async def open_devices(
    audio: Audio, parts: ExitStack, *, wait_s: float, waiting: Callable[[AssistantError], None]
) -> tuple[Microphone, Loudspeaker]:
    """Open the microphone, for a `DeviceSupervisor`, and the loudspeaker; `parts` closes them.

    Tries for `wait_s` seconds, and calls `waiting` with the reason before each pause. Raises `AssistantError`
    (`device.*`).
    """
    deadline = anyio.current_time() + wait_s
    while True:
        try:
            with ExitStack() as opened:
                microphone = opened.enter_context(Microphone(audio.input, supervised=True))
                loudspeaker = opened.enter_context(Loudspeaker(audio.output))
                parts.push(opened.pop_all())
                return microphone, loudspeaker
        except AssistantError as error:
            if error.code not in WORTH_WAITING or anyio.current_time() >= deadline:
                raise
            waiting(error)
        await anyio.sleep(RETRY_S)
        portaudio.rescan()
