"""The daemon itself: what it is doing, its configuration, its figures, its requests and its end."""

import os
from typing import Annotated

from msgspec import Meta, Struct

from assistant import __version__
from assistant.host.process import seconds_since_start
from assistant.interfaces.ipc.access import Right
from assistant.interfaces.ipc.call import Call
from assistant.interfaces.ipc.method import Done, Params, Room, method


class Status(Params, frozen=True):
    """What the assistant is doing, and with what."""

    room: Room = ""


class StatusResult(Struct, frozen=True, kw_only=True):
    room: str
    """The room that this is about."""
    rooms: dict[str, str]
    """Every room that there is, and its state."""
    state: str
    """asleep (a wake word is needed), listening, hearing (the user speaks), answering (not audible yet), speaking,
    muted, deaf (the microphone is gone for now) or silent (a room without sound)."""
    version: str
    pid: int
    uptime_s: float
    turn: int
    """The number of the latest turn, through all rooms; 0 before the first."""
    waiting: int
    """Announcements that wait to be said."""
    muted: bool
    volume: float
    microphone: str
    loudspeaker: str
    echo_free: bool | None
    """Whether it can be spoken over by now; null without echo cancellation."""
    wake_words: list[str]
    models: dict[str, str]
    """Stage (`asr`, `llm`, `tts`, `turn`) to model."""
    devices: dict[str, str]
    """Stage to the processor it runs on."""
    clients: int
    wyoming_clients: int
    """Satellites and programs that are connected over Wyoming, such as Home Assistant."""
    socket: str


@method("status", Right.READ, Status, StatusResult)
async def status(params: Status, call: Call) -> StatusResult:
    host = call.host
    room = host.rooms.get(params.room)
    wake = room.config.wake
    return StatusResult(
        room=room.name,
        rooms={each.name: each.state for each in host.rooms},
        state=room.state,
        version=__version__,
        pid=os.getpid(),
        uptime_s=round(seconds_since_start(), 1),
        turn=host.rooms.shared.turns,
        waiting=room.waiting,
        muted=room.is_muted,
        volume=room.volume.level,
        microphone=room.source_name,
        loudspeaker=room.sink_name,
        echo_free=room.echo_free,
        wake_words=[] if wake == "none" or not room.has_sound else list(wake.words),
        models=host.engines.names,
        devices=host.engines.devices,
        clients=call.context.clients,
        wyoming_clients=host.wyoming_clients,
        socket=call.context.socket,
    )


class Reload(Params, frozen=True):
    """Read the configuration again. One that is wrong is refused, and nothing changes."""


class ReloadResult(Struct, frozen=True):
    applied: list[str]
    """Keys whose new value holds from now on."""
    restart: list[str]
    """Keys that have changed and need a restart."""


@method("reload", Right.CONTROL, Reload, ReloadResult, takes_time=True)
async def reload(params: Reload, call: Call) -> ReloadResult:
    applied, restart = await call.host.reconfigure()
    return ReloadResult(applied, restart)


class Metrics(Params, frozen=True):
    """Counters and histograms, in Prometheus's text format."""


class MetricsResult(Struct, frozen=True):
    text: str


@method("metrics", Right.READ, Metrics, MetricsResult)
async def metrics(params: Metrics, call: Call) -> MetricsResult:
    return MetricsResult(call.host.metrics_text)


class Cancel(Params, frozen=True):
    """Give up a request of this connection that is still at work; it ends with the error ipc.cancelled."""

    request: Annotated[str | int | float | None, Meta(description="The id of that request.")]


class CancelResult(Struct, frozen=True):
    cancelled: bool


@method("cancel", Right.READ, Cancel, CancelResult)
async def cancel(params: Cancel, call: Call) -> CancelResult:
    return CancelResult(call.client.cancel(params.request))


class Shutdown(Params, frozen=True):
    """End the daemon."""


@method("shutdown", Right.CONTROL, Shutdown, Done)
async def shutdown(params: Shutdown, call: Call) -> Done:
    call.client.after_answer(call.host.end)
    return Done()
