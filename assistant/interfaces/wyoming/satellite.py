"""A microphone and a loudspeaker in another room, over Wyoming: a full room, on the same engines."""

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import msgspec
from anyio.abc import TaskGroup, TaskStatus
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioStart, AudioStop
from wyoming.error import Error as ErrorEvent
from wyoming.event import Event as WyomingEvent
from wyoming.tts import Synthesize
from wyoming.vad import VoiceStarted, VoiceStopped
from wyoming.wake import Detection

from assistant.audio.pcm import Samples
from assistant.audio.simulated.remote import RemoteLoudspeaker, RemoteMicrophone
from assistant.config.schema import Config, Sound, Wake
from assistant.engines.detectors import Words
from assistant.errors import AssistantError, Code, single_error
from assistant.events import (
    Error,
    Event,
    FellAsleep,
    FinalTranscript,
    ReplyText,
    SpeechEnded,
    SpeechStarted,
    Woken,
)
from assistant.flow import Signal
from assistant.interfaces.base import Host
from assistant.interfaces.wyoming import sound
from assistant.interfaces.wyoming.wire import Send
from assistant.rooms.room import Room

MAX_OUTGOING = 256
"""Events that wait for a satellite; a conversation makes some a second."""


class _Speaker:
    """The `Outlet` of a satellite's loudspeaker."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._rate = 0

    async def started(self, rate: int) -> None:
        self._rate = rate
        await self._send(AudioStart(rate, sound.CHUNK_WIDTH, 1).event())

    async def sound(self, samples: Samples) -> None:
        await self._send(sound.chunk(samples, self._rate))

    async def stopped(self) -> None:
        await self._send(AudioStop().event())


class Satellite:
    """One satellite, for as long as it is connected; its room opens when it first asks for a pipeline."""

    def __init__(self, host: Host, send: Send, name: str, *, remembers: bool) -> None:
        """`name` is that of its room, `remembers` as `Room`."""
        self._host = host
        self._send = send
        self._name = name
        self._remembers = remembers
        self._words: Words | None = None
        """The wake words that it asked for, in place of the configured ones."""
        self._room: Room | None = None
        self._outgoing: deque[WyomingEvent] = deque()
        self._arrived = Signal()
        self._awaits_transcript = False
        """The user was asked to speak, and the satellite waits for the transcript."""
        self._turn = 0
        """The latest turn that was begun by speech."""
        self.microphone = RemoteMicrophone(lambda: self._room is not None and not self._room.is_asleep, name)

    @property
    def has_room(self) -> bool:
        """Whether its room is open."""
        return self._room is not None

    async def begin(self, tasks: TaskGroup, words: Words | None, *, awake: bool) -> None:
        """Take the request for a pipeline: open the room in `tasks` if it is not open yet, and listen.

        `words` are the wake words to listen for, None for the configured ones. `awake`: the satellite has detected one.
        Raises `AssistantError` (`model.*`, `wyoming.busy`).
        """
        if len(self._outgoing) > MAX_OUTGOING:
            raise AssistantError(Code.WYOMING_BUSY, "pipelines are asked for faster than events are read")
        if self._room is None:
            self._words = words
            self._room = await tasks.start(self._live)
        if awake:
            self._room.listen()
        self.microphone.expect()

    async def _live(self, *, task_status: TaskStatus[Room]) -> None:
        """Raises `AssistantError` when the room fails, of which others are told by an event."""
        try:
            with single_error():
                async with self._opened() as room:
                    task_status.started(room)
                    await self._report()
        except AssistantError as error:
            if self._room is not None:
                self._host.bus.emit(Error(room=self._room.name, code=error.code, message=error.message))
            raise

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Room]:
        rate = self._host.engines.voice.sample_rate
        loudspeaker = RemoteLoudspeaker(rate, _Speaker(self._send), self._name)
        async with (
            self._host.rooms.open(
                self._name, self.microphone, loudspeaker, adapt=self._adapt, remembers=self._remembers
            ) as room,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(loudspeaker.run)
            with self._host.bus.subscribe(lambda event: self._observe(room, event)):
                yield room
            tasks.cancel_scope.cancel()

    def _adapt(self, config: Config) -> Config:
        """Have it woken by a word, its own or the configured ones, and leave the earcons to the satellite."""
        wake = config.wake if config.wake != "none" else Wake()
        if self._words:
            wake = msgspec.structs.replace(wake, words=dict(self._words))
        return msgspec.structs.replace(config, wake=wake, sound=_silent(config.sound))

    def _observe(self, room: Room, event: Event) -> None:
        if event.room != room.name or (isinstance(event, FinalTranscript | Error) and not self._is_spoken(event)):
            return
        messages = _translated(event)
        match event:
            case SpeechStarted(turn=turn):
                self._turn = turn
            case Woken():
                self._awaits_transcript = True
                messages.append(Transcribe().event())
            case FinalTranscript() | Error():
                self._awaits_transcript = False
            case FellAsleep() if self._awaits_transcript:
                self._awaits_transcript = False  # it would wait, and send what it hears, for ever
                messages.append(ErrorEvent(text="no speech came", code=Code.AUDIO_NO_SPEECH.value).event())
        if messages:
            self._outgoing.extend(messages)
            self._arrived.notify()

    def _is_spoken(self, event: Event) -> bool:
        """Whether it belongs to what was said to the satellite: what is typed in its room would end its listening."""
        return event.turn in {0, self._turn}

    async def _report(self) -> None:
        """Send what waits; a conversation makes some events a second at most."""
        while True:
            while self._outgoing:
                await self._send(self._outgoing.popleft())
            await self._arrived.wait()


def _silent(settings: Sound) -> Sound:
    return msgspec.structs.replace(settings, wake=False, listening=False, done=False, error=False, muted=False)


def _translated(event: Event) -> list[WyomingEvent]:
    """Translate `event` into the messages that a satellite gets in any case."""
    match event:
        case Woken(word=word, at_s=at_s) if word:
            return [Detection(name=word, timestamp=round(at_s * 1000)).event()]
        case SpeechStarted(at_s=at_s):
            return [VoiceStarted(timestamp=round(at_s * 1000)).event()]
        case SpeechEnded(at_s=at_s):
            return [VoiceStopped(timestamp=round(at_s * 1000)).event()]
        case FinalTranscript(text=text, language=language):
            return [Transcript(text=text, language=language).event()]
        case ReplyText(text=text):
            return [Synthesize(text=text).event()]
        case Error(code=code, message=message):
            return [ErrorEvent(text=message, code=code).event()]
    return []
