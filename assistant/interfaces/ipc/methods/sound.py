"""The microphone's switch and the volume; both outlive the process."""

from typing import Annotated

from msgspec import Meta, Struct

from assistant.interfaces.ipc.access import Right
from assistant.interfaces.ipc.call import Call
from assistant.interfaces.ipc.method import Params, method


class Mute(Params, frozen=True):
    """Switch the microphone off, or on again."""

    muted: Annotated[bool, Meta(description="Off (true) or on (false).")] = True


class MuteResult(Struct, frozen=True):
    muted: bool


@method("mute", Right.CONTROL, Mute, MuteResult)
async def mute(params: Mute, call: Call) -> MuteResult:
    running = call.running
    if params.muted:
        running.conversation.mute()
    else:
        running.conversation.unmute()
    await running.keep("muted", running.conversation.is_muted)
    return MuteResult(muted=running.conversation.is_muted)


class Volume(Params, frozen=True):
    """Set how loud everything is, or ask."""

    level: Annotated[float, Meta(ge=0, le=1, description="0 to 1; null only asks.")] | None = None


class VolumeResult(Struct, frozen=True):
    volume: float


@method("volume", Right.CONTROL, Volume, VolumeResult)
async def volume(params: Volume, call: Call) -> VolumeResult:
    running = call.running
    if params.level is not None:
        running.volume.level = params.level
        await running.keep("volume", running.volume.kept)
    return VolumeResult(volume=running.volume.level)
