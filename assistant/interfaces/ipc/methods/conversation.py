"""Asking, announcing, listening and stopping."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from assistant.dialogue.speaking.announcement import Priority
from assistant.dialogue.turn.ending import TurnEnd
from assistant.errors import AssistantError, Code
from assistant.events import TurnFinished
from assistant.interfaces.ipc.access import Right
from assistant.interfaces.ipc.call import Call
from assistant.interfaces.ipc.method import Done, Params, Room, Text, method
from assistant.interfaces.ipc.outbox import AskDelta


class Ask(Params, frozen=True):
    """Answer a question, in text or aloud. It belongs to the conversation and is remembered."""

    text: Annotated[Text, Meta(description="The question.")]
    speak: Annotated[bool, Meta(description="Answer aloud, once nobody speaks.")] = False
    stream: Annotated[bool, Meta(description="Send the answer as ask.delta while it is being written.")] = False
    room: Room = ""


class AskResult(Struct, frozen=True, kw_only=True):
    reply: str
    turn: TurnFinished


@method("ask", Right.CONTROL, Ask, AskResult, takes_time=True, notifications=(("ask.delta", AskDelta),))
async def ask(params: Ask, call: Call) -> AskResult:
    def written(text: str) -> None:
        if params.stream:
            call.delta(text)

    rooms = call.host.rooms
    room = rooms.with_sound(params.room) if params.speak else rooms.get(params.room)
    turn = await room.ask(params.text, aloud=params.speak, written=written, asker=call.client.asker)
    if turn.end == TurnEnd.INTERRUPTED and not turn.heard:
        raise AssistantError(Code.IPC_CANCELLED, "the answer was stopped before it could be heard")
    return AskResult(reply=turn.reply, turn=turn)


class Say(Params, frozen=True):
    """Announce something, and answer when it has been said."""

    text: Annotated[Text, Meta(description="The announcement.")]
    priority: Annotated[
        Literal["low", "normal", "high"], Meta(description="Which is said first of those that wait.")
    ] = "normal"
    interrupt: Annotated[
        bool, Meta(description="Do not wait: what is being said pauses for it and goes on after it. For alarms.")
    ] = False
    room: Room = ""


class SayResult(Struct, frozen=True):
    heard: str
    """The part that was really played."""
    complete: bool
    """False when it was interrupted."""


@method("say", Right.CONTROL, Say, SayResult, takes_time=True)
async def say(params: Say, call: Call) -> SayResult:
    priority = Priority[params.priority.upper()]
    room = call.host.rooms.with_sound(params.room)
    said = await room.say(params.text, priority=priority, interrupt=params.interrupt)
    return SayResult(heard=said.heard, complete=said.end == TurnEnd.ANSWERED)


class Listen(Params, frozen=True):
    """Listen, as if the wake word had been said."""

    room: Room = ""


@method("listen", Right.CONTROL, Listen, Done)
async def listen(params: Listen, call: Call) -> Done:
    call.host.rooms.with_sound(params.room).listen()
    return Done()


class Stop(Params, frozen=True):
    """Stop what is being said."""

    waiting: Annotated[bool, Meta(description="Forget the announcements that wait, too.")] = False
    room: Room = ""


class StopResult(Struct, frozen=True):
    stopped: bool
    """Whether there was anything to stop."""


@method("stop", Right.CONTROL, Stop, StopResult)
async def stop(params: Stop, call: Call) -> StopResult:
    return StopResult(stopped=call.host.rooms.with_sound(params.room).stop(waiting=params.waiting))
