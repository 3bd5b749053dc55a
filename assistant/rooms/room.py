"""A room: a place where people speak, with its source and sink of sound, its conversation, history and volume."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import anyio
import msgspec
from anyio.abc import TaskStatus

from assistant.audio.base import AudioSink, AudioSource
from assistant.audio.earcons import Earcon, Tone, melody
from assistant.audio.simulated.nowhere import Nowhere
from assistant.audio.volume import SavedVolume, Volume
from assistant.config.schema import Config
from assistant.dialogue.context import Context
from assistant.dialogue.conversation import Conversation
from assistant.dialogue.speaking.announcement import Announcement, Priority
from assistant.dialogue.turn.ending import TurnEnd
from assistant.engines.detectors import Detectors
from assistant.errors import AssistantError, Code
from assistant.events import Announced, Event, Muted, TurnFinished
from assistant.rooms.memory import RoomMemory
from assistant.rooms.shared import Adapt, Shared
from assistant.rooms.typed import answer_in_text, begin_typed, finish_typed


@dataclass(frozen=True)
class RoomSound:
    """The source and sink of a room, and what listens to the source."""

    source: AudioSource
    sink: AudioSink
    detectors: Detectors
    """Listen to `source`."""


def unchanged(config: Config) -> Config:
    """Adapt nothing."""
    return config


class Room:
    """Answers what is said and typed in it. Without `sound` it only answers in text.

    Everything that happens in it is an event that carries its name. It has more methods than most classes: all that an
    interface can ask of a room is here, most of it handed on in a line.
    """

    def __init__(
        self,
        name: str,
        shared: Shared,
        config: Config,
        sound: RoomSound | None,
        *,
        adapt: Adapt = unchanged,
        remembers: bool = True,
    ) -> None:
        """`config` is the whole one; the room follows what `adapt` makes of it. `remembers`: what is said and set here
        outlives the process."""
        self.name = name
        self._shared = shared
        self._adapt = adapt
        self._sound = sound
        self.memory = RoomMemory(name, shared.store if remembers else None)
        self._context = self._in(adapt(config))
        self._input_lost = False
        self.conversation = Conversation(self._context, sound.source, sound.detectors) if sound is not None else None
        self.volume = Volume(self._context.sink, self._context.config.sound)

    def close(self) -> None:
        """Give back what listened in it, which has ended."""
        if self._sound is not None:
            self._sound.detectors.close()

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Listen and answer until it is cancelled. Raises `AssistantError` when the source of its sound does."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.volume.run)
            if self.conversation is not None:
                await tasks.start(self.conversation.run)
            task_status.started()

    @property
    def config(self) -> Config:
        """What holds here."""
        return self._context.config

    @property
    def has_sound(self) -> bool:
        """Whether it has a source and a sink."""
        return self._sound is not None

    @property
    def state(self) -> str:
        """asleep, listening, hearing (the user speaks), answering (not audible yet), speaking, muted, deaf (its
        microphone is gone for now) or silent (it has no sound)."""
        if self.conversation is None or self._sound is None:
            return "silent"
        state = self.conversation.state
        if state in {"answering", "speaking"}:
            return state
        if self._sound.source.muted:
            return "muted"
        return "deaf" if self._input_lost else state

    @property
    def is_asleep(self) -> bool:
        """Whether a wake word is needed before anything said in it means anything, be the microphone on or off."""
        return self.conversation is None or self.conversation.state == "asleep"

    @property
    def waiting(self) -> int:
        """Announcements, and answers to typed questions, that wait to be said."""
        return self.conversation.waiting if self.conversation is not None else 0

    @property
    def is_muted(self) -> bool:
        return self._sound is not None and self._sound.source.muted

    @property
    def echo_free(self) -> bool | None:
        """As `AudioSource.echo_free`."""
        return self._sound.source.echo_free if self._sound is not None else None

    @property
    def language(self) -> str:
        """ISO 639-1 code of what is said here: that of the voice."""
        return self._context.voice_language

    @property
    def source_name(self) -> str:
        """The microphone, as shown to people; empty where there is none."""
        return self._sound.source.name if self._sound is not None else ""

    @property
    def sink_name(self) -> str:
        """The loudspeaker, as shown to people; empty where there is none."""
        return self._sound.sink.name if self._sound is not None else ""

    async def say(self, text: str, *, priority: Priority = Priority.NORMAL, interrupt: bool = False) -> Announced:
        """Announce `text` and return when that is over.

        It waits until neither the user nor the assistant speaks; `interrupt` does not, and what is being said goes on
        after it. Cancelling takes it back. Raises `AssistantError` (`queue.full`, `text.empty`, `tts.failed`,
        `room.silent`).
        """
        conversation = self._talking()
        announcement = Announcement(self._context, text, priority=priority, cut_in=interrupt)
        await conversation.perform(announcement, cut_in=interrupt)
        if announcement.outcome.error is not None:
            raise announcement.outcome.error
        return announcement.announced()

    async def ring(self, tone: Tone, peak: float, text: str) -> Announced:
        """Play a melody, as loud as `peak` (of full scale), and say `text` after it, over whatever is being said.

        While it is heard, and for a while after it, no wake word is needed. Cancelling ends it. Raises as `say` does.
        """
        conversation = self._talking()
        before = melody(tone, self._shared.engines.voice.sample_rate, peak)
        announcement = Announcement(self._context, text, cut_in=True, before=before, awaits=True)
        await conversation.perform(announcement, cut_in=True)
        if announcement.outcome.error is not None:
            raise announcement.outcome.error
        return announcement.announced()

    async def ask(
        self,
        text: str,
        *,
        aloud: bool,
        written: Callable[[str], None] = lambda text: None,
        asker: str = "",
        language: str = "",
    ) -> TurnFinished:
        """Answer a typed question, `aloud` once neither the user nor the assistant speaks, or in text only.

        `written` gets the answer piece by piece; `asker` is the person who asks, and `language` (ISO 639-1) that of
        `text`, as far as they are known. Cancelling gives the answer up. Raises `AssistantError` (`queue.full`,
        `text.*`, `llm.*`, `tts.failed`, `reply.empty`, `room.silent`); a failure of an engine is an event as well.
        """
        question = self._context.question(text, asker=asker, language=language, aloud=aloud)
        if not aloud:
            return await answer_in_text(self._context, question, written)
        conversation, context = self._talking(), self._context
        announcement = Announcement(context, text, question=question, written=written)
        begin_typed(context, announcement.number, question)
        try:
            await conversation.perform(announcement)
            if announcement.outcome.heard and announcement.outcome.error is None:
                context.history.add(text, announcement.outcome.heard)
        except AssistantError as error:
            announcement.outcome.error = error
        except BaseException:
            announcement.end = TurnEnd.INTERRUPTED
            raise
        finally:
            done = finish_typed(
                context, announcement.number, question, announcement.asked_at, announcement.outcome, announcement.end
            )
        if announcement.outcome.error is not None:
            raise announcement.outcome.error
        return done

    def listen(self) -> None:
        """Listen, as if a wake word had been said; what the assistant is saying ends.

        Raises `AssistantError` (`microphone.muted`, `device.failed`, `room.silent`).
        """
        conversation = self._talking()
        if self.is_muted:
            raise AssistantError(Code.MICROPHONE_MUTED, "the microphone is switched off; `assistant unmute` first")
        if self._input_lost:
            raise AssistantError(Code.DEVICE_FAILED, "there is no microphone for now; `assistant doctor` says why")
        conversation.listen()

    def stop(self, *, waiting: bool = False) -> bool:
        """Say nothing more of what is being said, nor, with `waiting`, what waits to be said. Whether that was
        anything."""
        return self.conversation is not None and self.conversation.stop(waiting=waiting)

    async def mute(self) -> None:
        """Switch the microphone off; what is being said to the assistant is forgotten, what it is saying goes on.

        Outlives the process. Raises `AssistantError` (`room.silent`, `state.unwritable`).
        """
        conversation = self._talking()
        assert self._sound is not None
        if not self._sound.source.muted:
            self._sound.source.mute()
            conversation.forget_speech("muted")
            self._emit(Muted(muted=True))
            conversation.chime(Earcon.MUTED)
        await self.memory.keep("muted", True)

    async def unmute(self) -> None:
        """Switch the microphone on again.

        Raises `AssistantError` (`device.*`), and then it stays off, and (`room.silent`, `state.unwritable`).
        """
        self._talking()
        assert self._sound is not None
        if self._sound.source.muted:
            self._sound.source.unmute()
            self._emit(Muted(muted=False))
        await self.memory.keep("muted", False)

    async def set_volume(self, level: float) -> None:
        """Set the volume, 0 to 1. Outlives the process. Raises `AssistantError` (`state.unwritable`)."""
        self.volume.level = level
        await self.memory.keep("volume", self.volume.saved)

    def restore(self) -> None:
        """Apply the volume and mute that were set before the process ended. Call it before `run`."""
        if (kept := self.memory.setting("volume", SavedVolume)) is not None:
            self.volume.restore(kept)
        if self._sound is not None and self.memory.setting("muted", bool):
            self._sound.source.mute()
            self._emit(Muted(muted=True))

    def lose_input(self) -> None:
        """Discard what is being said to the assistant: the microphone has failed, and no blocks come for a while."""
        self._input_lost = True
        if self.conversation is not None:
            self.conversation.forget_speech("deaf")

    def regain_input(self) -> None:
        """Accept `listen` again: the microphone is back."""
        self._input_lost = False

    def take_unsaid(self) -> str:
        """Take, once, what an answer had left to say when the loudspeaker failed."""
        return self.conversation.take_unsaid() if self.conversation is not None else ""

    def wants_detectors(self, config: Config) -> bool:
        """Whether following `config` takes other wake words than are listened for."""
        return self.has_sound and self.adapted(config).wake != self.config.wake

    def adapted(self, config: Config) -> Config:
        """Adapt `config` to this room."""
        return self._adapt(config)

    def configure(self, config: Config, detectors: Detectors | None = None) -> None:
        """Follow `config`, and the engines and responders that are shared by now, from the next turn on.

        `detectors` in place of those that listen, where `wants_detectors`. The source and the sink stay.
        """
        before = self.config
        self._context = self._in(self._adapt(config))
        if before.sound != self.config.sound:
            self.volume.configure(self.config.sound)
        if self._sound is not None and self.conversation is not None:
            if detectors is not None:
                self._sound = replace(self._sound, detectors=detectors)
            self.conversation.configure(self._context, self._sound.detectors)

    def _in(self, config: Config) -> Context:
        sink = self._sound.sink if self._sound is not None else Nowhere()
        return self._shared.context(self.name, config, self.memory.history, sink, self._emit)

    def _emit(self, event: Event) -> None:
        self._shared.emit(msgspec.structs.replace(event, room=self.name))

    def _talking(self) -> Conversation:
        if self.conversation is None:
            raise AssistantError(
                Code.ROOM_SILENT, f"the room {self.name} has neither microphone nor loudspeaker; name another one"
            )
        return self.conversation
