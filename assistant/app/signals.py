"""Signals: SIGTERM and SIGINT end the daemon, SIGHUP has it read its configuration again."""

import logging
import signal
from collections.abc import Callable

import anyio
from anyio.abc import TaskStatus

from assistant.app.running import Running
from assistant.audio.devices.loudspeaker import Loudspeaker
from assistant.errors import AssistantError
from assistant.events import Emitter, Error
from assistant.host.notify import Notifier
from assistant.host.process import exit_within

log = logging.getLogger(__name__)

ENDING_S = 1.8
"""Seconds after which what has not ended is left behind: a sound server or an engine that does not come back. By then
what is to outlive the process is on the disk."""


async def end_softly(loudspeaker: Loudspeaker | None, cancel: Callable[[], None]) -> None:
    """Let what is being said fade, and end."""
    exit_within(ENDING_S, 0)
    if loudspeaker is not None:
        await loudspeaker.fade_out()
    cancel()


async def follow(
    running: Running, supervisor: Notifier, emit: Emitter, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED
) -> None:
    """Do what signals ask for, until one asks for the end."""
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
        task_status.started()
        async with anyio.create_task_group() as tasks:
            async for received in signals:
                if received is signal.SIGHUP:
                    tasks.start_soon(_reconfigure, running, supervisor, emit)
                    continue
                log.info("%s: ending", received.name)
                running.end()
                return


async def _reconfigure(running: Running, supervisor: Notifier, emit: Emitter) -> None:
    supervisor.reloading()
    try:
        await running.reconfigure()
    except AssistantError as error:
        emit(Error(code=error.code, message=f"the configuration stays as it was: {error.message}"))
    finally:
        supervisor.ready()
