"""The daemon: builds the parts from the configuration, owns the one root task group, and ends on a signal."""

import logging
import signal
from contextlib import ExitStack

import anyio
from anyio.abc import TaskStatus

from assistant import blocking
from assistant.audio.loudspeaker import Loudspeaker
from assistant.audio.microphone import Microphone
from assistant.config import Config
from assistant.dialogue.conversation import Conversation
from assistant.errors import single_error
from assistant.events import Emitter, Ready
from assistant.llm.history import History
from assistant.loading import load_engines
from assistant.system.process import seconds_since_start

log = logging.getLogger(__name__)


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
            emit(
                Ready(
                    start_s=round(seconds_since_start(), 3),
                    microphone=microphone.name,
                    loudspeaker=loudspeaker.name,
                    devices=engines.devices,
                )
            )
            await Conversation(engines, config, History(config.llm), microphone, loudspeaker, emit).run()


async def _end_on_signal(root: anyio.CancelScope, *, task_status: TaskStatus[None]) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        async for received in signals:
            log.info("%s: ending", received.name)
            root.cancel()
            return
