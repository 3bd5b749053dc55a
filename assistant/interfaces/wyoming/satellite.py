"""A microphone and a loudspeaker in another room: a conversation of their own, on the same engines."""

from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable

import anyio
import msgspec
import numpy as np
from anyio.abc import TaskGroup
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioStart, AudioStop
from wyoming.error import Error as ErrorEvent
from wyoming.event import Event as WyomingEvent
from wyoming.tts import Synthesize
from wyoming.vad import VoiceStarted, VoiceStopped
from wyoming.wake import Detection

from assistant import blocking
from assistant.answers.history import History
from assistant.audio.pcm import BLOCK, BLOCK_S, AudioBlock, Samples
from assistant.audio.simulated.paced import PERIOD_S, PacedLoudspeaker
from assistant.config.schema import Config, Sound, Wake
from assistant.dialogue.conversation import Conversation
from assistant.engines.engines import Engines
from assistant.errors import AssistantError, Code
from assistant.events import Error, Event, FellAsleep, FinalTranscript, ReplyText, SpeechEnded, SpeechStarted, Woken
from assistant.interfaces.wyoming import sound
from assistant.interfaces.wyoming.sound import Blocks
from assistant.interfaces.wyoming.waking import Words
from assistant.vad.silero import Silero
from assistant.wake.words import WakeWords

MOST_WAITING = 62
"""Blocks that wait for the conversation, two seconds as for a microphone; of more the oldest are dropped."""

STALLED_S = 0.5
"""When nothing has come for so long, the rest is silence: longer than a wireless network holds audio back."""

MOST_TOLD = 256
"""Events that wait for a satellite; a conversation makes some a second."""

AHEAD_S = 0.1
"""How much before its time sound is sent: enough for a wireless network, little enough to fall silent at once."""

QUIET_PERIODS = 10
"""Periods without sound after which the loudspeaker is told that there is no more for now: 0.2 s."""

Send = Callable[[WyomingEvent], Awaitable[None]]


class RemoteMicrophone:
    """An `AudioSource` fed with what a satellite sends.

    Satellites stop sending, at the latest when they are told the transcript. As long as anything depends on the time (a
    turn that has begun, a window in which no wake word is needed) silence comes instead, in real time, so that it ends;
    after that the clock stands still.
    """

    name = "satellite"
    echo_free = None

    def __init__(self, needed: Callable[[], bool]) -> None:
        """`needed`: whether anything depends on the time."""
        self.dropped = 0
        self.muted = False
        self.batched = False
        self._needed = needed
        self._patience_s = STALLED_S
        self._blocks = Blocks()
        self._waiting: deque[AudioBlock] = deque()
        self._arrived = anyio.Event()

    def mute(self) -> None:
        """Let nobody hear what comes."""
        self.muted = True

    def unmute(self) -> None:
        """Let it be heard again."""
        self.muted = False

    def put(self, samples: Samples) -> None:
        """Take the next samples, at `LISTENING_RATE`."""
        self.expect()
        for block in self._blocks.push(samples):
            if self.muted:
                continue
            self._waiting.append(block)
            if len(self._waiting) > MOST_WAITING:
                self.dropped += len(self._waiting.popleft().samples)

    def expect(self) -> None:
        """Samples will come."""
        self._patience_s = STALLED_S
        self._arrived.set()

    def pause(self) -> None:
        """None will come for a while: what follows is silence."""
        self._patience_s = 0.0
        self._arrived.set()

    async def blocks(self) -> AsyncGenerator[AudioBlock, None]:
        """As `AudioSource.blocks`."""
        while True:
            while self._waiting:
                yield self._waiting.popleft()
            self._arrived = anyio.Event()
            with anyio.move_on_after(max(BLOCK_S, self._patience_s) if self._needed() else None) as waiting:
                await self._arrived.wait()
            if waiting.cancelled_caught:
                self._patience_s = 0.0
                for block in self._blocks.push(np.zeros(BLOCK, np.float32)):
                    yield block


class RemoteLoudspeaker(PacedLoudspeaker):
    """An `AudioSink` that sends its sound to a satellite, in real time and a little ahead."""

    name = "satellite"

    def __init__(self, rate: int, send: Send) -> None:
        super().__init__(rate, ahead_s=AHEAD_S)
        self._send = send
        self._pending: list[Samples] = []
        self._quiet = QUIET_PERIODS

    async def run(self) -> None:
        """Send until it is cancelled. Raises `anyio.BrokenResourceError` when the satellite has gone."""
        playing = False
        while True:
            self.catch_up()
            sounds, self._pending = self._pending, []
            if sounds and not playing:
                playing = True
                await self._send(AudioStart(self.rate, sound.CHUNK_WIDTH, 1).event())
            for samples in sounds:
                await self._send(sound.chunk(samples, self.rate))
            if playing and self._quiet >= QUIET_PERIODS:
                playing = False
                await self._send(AudioStop().event())
            await anyio.sleep(PERIOD_S)

    def _taken(self, start: int, out: Samples, count: int) -> None:
        self._quiet = 0 if count else self._quiet + 1
        if count or self._quiet < QUIET_PERIODS:
            self._pending.append(out)


class Satellite:
    """One satellite, for as long as it is connected."""

    def __init__(self, engines: Engines, config: Config, send: Send) -> None:
        """`engines` are those of another room; what `config` says about wake words and turns holds here, too."""
        self._engines = engines
        self._config = config
        self._send = send
        self._told: deque[WyomingEvent] = deque()
        self._something = anyio.Event()
        self._owed = False
        """Somebody was asked to speak, and the satellite waits for what he said."""
        self.microphone = RemoteMicrophone(
            lambda: self._conversation is not None and self._conversation.state != "asleep"
        )
        self._conversation: Conversation | None = None

    async def begin(self, tasks: TaskGroup, words: Words | None, *, awake: bool) -> None:
        """A pipeline is asked for: start the conversation in `tasks` if there is none, and listen.

        `words` are the wake words to listen for, None for the configured ones. `awake`: the satellite has heard one.
        Raises `AssistantError` (`model.*`, `wyoming.busy`).
        """
        if len(self._told) > MOST_TOLD:
            raise AssistantError(Code.WYOMING_BUSY, "pipelines are asked for faster than events are read")
        if self._conversation is None:
            self._conversation = await self._start(tasks, words)
        if awake:
            self._conversation.wake()
        self.microphone.expect()

    async def _start(self, tasks: TaskGroup, words: Words | None) -> Conversation:
        wake = self._config.wake if self._config.wake != "none" else Wake()
        if words:
            wake = msgspec.structs.replace(wake, words=dict(words))
        config = msgspec.structs.replace(self._config, wake=wake, sound=_silent(self._config.sound))
        activity = await blocking.call(lambda stop: Silero(), name="loading")
        spotter = await blocking.call(lambda stop: WakeWords(wake.words), name="loading")
        engines = self._engines.elsewhere(activity, spotter)
        loudspeaker = RemoteLoudspeaker(engines.voice.sample_rate, self._send)
        conversation = Conversation(engines, config, History(config.llm), self.microphone, loudspeaker, self._tell)
        tasks.start_soon(loudspeaker.run)
        tasks.start_soon(self._report)
        await tasks.start(conversation.run)
        return conversation

    def _tell(self, event: Event) -> None:
        told = _translated(event)
        match event:
            case Woken():
                self._owed = True
                told.append(Transcribe().event())
            case FinalTranscript() | Error():
                self._owed = False
            case FellAsleep() if self._owed:
                self._owed = False  # it would wait, and send what it hears, for ever
                told.append(ErrorEvent(text="nobody said anything", code=Code.AUDIO_NO_SPEECH.value).event())
        self._told.extend(told)
        self._something.set()

    async def _report(self) -> None:
        """Tell the satellite what happens; of a conversation that is some events a second at most."""
        while True:
            while self._told:
                await self._send(self._told.popleft())
            self._something = anyio.Event()
            await self._something.wait()


def _silent(settings: Sound) -> Sound:
    """Satellites make their own short sounds."""
    return msgspec.structs.replace(settings, wake=False, listening=False, done=False, error=False, muted=False)


def _translated(event: Event) -> list[WyomingEvent]:
    """What a satellite is told of `event` in any case."""
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
