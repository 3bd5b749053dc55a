"""The microphone's switch and the volume; both outlive the process."""

from typing import Annotated

from msgspec import Meta, Struct

from assistant.interfaces.ipc.access import Right
from assistant.interfaces.ipc.call import Call
from assistant.interfaces.ipc.method import Params, Room, method


class Mute(Params, frozen=True):
    """Switch the microphone off, or on again."""

    muted: Annotated[bool, Meta(description="Off (true) or on (false).")] = True
    room: Room = ""


class MuteResult(Struct, frozen=True):
    muted: bool


@method("mute", Right.CONTROL, Mute, MuteResult)
async def mute(params: Mute, call: Call) -> MuteResult:
    room = call.host.rooms.with_sound(params.room)
    if params.muted:
        await room.mute()
    else:
        await room.unmute()
    return MuteResult(muted=room.is_muted)


class Volume(Params, frozen=True):
    """Set how loud everything is, or ask."""

    level: Annotated[float, Meta(ge=0, le=1, description="0 to 1; null only asks.")] | None = None
    room: Room = ""


class VolumeResult(Struct, frozen=True):
    volume: float


@method("volume", Right.CONTROL, Volume, VolumeResult)
async def volume(params: Volume, call: Call) -> VolumeResult:
    room = call.host.rooms.with_sound(params.room)
    if params.level is not None:
        await room.set_volume(params.level)
    return VolumeResult(volume=room.volume.level)
