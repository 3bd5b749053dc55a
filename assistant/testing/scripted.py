"""Scripted engines, microphone and loudspeaker, so that every moment of a turn can be held and examined.

An engine whose `hold` is set waits inside its call, as a native library at work would, until it is released or its
stop flag is set.
"""

import threading
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import anyio
import numpy as np

from assistant.asr.base import Transcription
from assistant.audio.earcons import RATE as EARCON_RATE
from assistant.audio.pcm import BLOCK, LISTENING_RATE, AudioBlock, Samples
from assistant.blocking import Emit, StopFlag
from assistant.engines.detectors import DetectorLoader, Detectors
from assistant.engines.engines import Engines, share
from assistant.errors import AssistantError, Code
from assistant.llm.base import Generation, Message, Prompt, RemoteLanguageModel, Usage
from assistant.wake.base import Candidate, Detection

VOICE_RATE = 1000

DOUBTFUL = "(doubtful)"
"""A text of the recogniser that stands for a draft that went wrong."""


@dataclass
class Hold:
    """A point inside an engine where it can be made to wait."""

    holding: bool = False
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    stopped: threading.Event = field(default_factory=threading.Event)

    def pass_by(self, stop: StopFlag) -> None:
        if not self.holding:
            return
        self.reached.set()
        while not self.released.is_set():
            if stop.is_set():
                self.stopped.set()
                return
            threading.Event().wait(0.001)

    async def wait(self) -> None:
        """As `pass_by`, for what is asynchronous: cancelling stops it."""
        if not self.holding:
            return
        self.reached.set()
        try:
            while not self.released.is_set():  # noqa: ASYNC110 - it is set in any thread
                await anyio.sleep(0.001)
        except BaseException:
            self.stopped.set()
            raise

    async def wait_until_reached(self) -> None:
        await anyio.to_thread.run_sync(self.reached.wait)

    async def wait_until_stopped(self) -> None:
        await anyio.to_thread.run_sync(self.stopped.wait)


class LoudIsSpeech:
    """Voice activity whose probability is the amplitude of the block."""

    def probability(self, block: Samples) -> float:
        return float(np.abs(block).max())

    def reset(self) -> None:
        pass

    def close(self) -> None:
        pass


@dataclass
class ScriptedRecognizer:
    """Recognises `texts` one after another, the last for ever; an error instead of a text is raised."""

    texts: list[str | AssistantError] = field(default_factory=lambda: ["what time is it"])
    hold: Hold = field(default_factory=Hold)
    lengths_s: list[float] = field(default_factory=list)
    """Of the audio of each pass."""
    full_window_text: str = ""
    seconds: float = 0.1
    name = "scripted"
    device = "cpu"

    def transcribe(
        self,
        audio: Samples,
        *,
        language: str | None,
        stop: StopFlag,
        draft: bool = False,
        full_window: bool = False,
    ) -> Transcription:
        self.lengths_s.append(len(audio) / LISTENING_RATE)
        if full_window:
            return self._transcription(self.full_window_text, audio, language)
        self.hold.pass_by(stop)
        text = self.texts[0] if len(self.texts) == 1 else self.texts.pop(0)
        if isinstance(text, AssistantError):
            raise text
        return self._transcription(text, audio, language)

    def _transcription(self, text: str, audio: Samples, language: str | None) -> Transcription:
        inconclusive = text == DOUBTFUL
        seconds = len(audio) / LISTENING_RATE
        return Transcription(
            "" if inconclusive else text, language or "en", 1.0, self.seconds, seconds, 3.0, inconclusive
        )


@dataclass
class ScriptedModel:
    """Writes `pieces` whatever it is asked, and remembers the prompts; goes on with a reply that it began."""

    pieces: Sequence[str] = ("It is ", "noon, ", "I think. ", "Or later.")
    error: AssistantError | None = None
    hold: Hold = field(default_factory=Hold)
    prompts: list[list[Message]] = field(default_factory=list)
    name = "scripted"
    device = "cpu"
    context_tokens = 1000
    shares_processor: bool = True

    def generate(self, messages: Sequence[Message], *, max_tokens: int, emit: Emit[str], stop: StopFlag) -> Usage:
        self.prompts.append(list(messages))
        if self.error is not None:
            raise self.error
        begun = messages[-1].content if messages[-1].role == "assistant" else ""
        position = generated = 0
        for piece in self.pieces:
            position += len(piece)
            if position <= len(begun):
                continue
            self.hold.pass_by(stop)
            if stop.is_set() or generated == max_tokens:
                break
            emit(piece)
            generated += 1
        return Usage(reused=5, evaluated=7, generated=generated)

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return _count_words(messages)

    def close(self) -> None:
        pass


@dataclass
class ScriptedRemoteModel(RemoteLanguageModel):
    """Writes `pieces` whatever it is asked, and remembers the prompts, as if on another machine."""

    pieces: Sequence[str] = ("It is ", "noon, ", "I think. ", "Or later.")
    error: AssistantError | None = None
    hold: Hold = field(default_factory=Hold)
    prompts: list[list[Message]] = field(default_factory=list)
    closed: bool = False
    name = "scripted"
    device = "http"
    context_tokens = 1000

    def generate(self, prompt: Prompt, *, max_tokens: int) -> Generation:
        return _ScriptedGeneration(self, prompt, max_tokens)

    async def read(self, prompt: Prompt) -> None:
        self.ask(prompt)
        await self.hold.wait()

    async def aclose(self) -> None:
        self.closed = True

    def ask(self, prompt: Prompt) -> None:
        """Note the prompt, and raise the error if there is to be one."""
        self.prompts.append(prompt(_count_words))
        if self.error is not None:
            raise self.error


class _ScriptedGeneration(Generation):
    def __init__(self, model: ScriptedRemoteModel, prompt: Prompt, max_tokens: int) -> None:
        super().__init__()
        self._model = model
        self._prompt = prompt
        self._max_tokens = max_tokens

    async def pieces(self) -> AsyncGenerator[str, None]:
        self._model.ask(self._prompt)
        self.usage = Usage(reused=5, evaluated=7, generated=0)
        for generated, piece in enumerate(self._model.pieces[: self._max_tokens], start=1):
            began = time.monotonic()
            await self._model.hold.wait()
            self.work_s += time.monotonic() - began
            self.usage = Usage(reused=5, evaluated=7, generated=generated)
            yield piece


def _count_words(messages: Sequence[Message]) -> int:
    return sum(len(message.content.split()) for message in messages)


@dataclass
class ScriptedVoice:
    """A tenth of a second of sound for every word."""

    hold: Hold = field(default_factory=Hold)
    spoken: list[str] = field(default_factory=list)
    error_at: int = 0
    """The clause, counted from 1, at which it fails."""
    spoke_twice: threading.Event = field(default_factory=threading.Event)
    name = "scripted"
    device = "cpu"
    language = "en"
    sample_rate = VOICE_RATE

    def synthesize(self, text: str, *, emit: Emit[Samples], stop: StopFlag) -> None:
        self.hold.pass_by(stop)
        if stop.is_set():
            return
        self.spoken.append(text)
        if len(self.spoken) == self.error_at:
            raise AssistantError(Code.TTS_FAILED, "broken")
        if len(self.spoken) == 2:
            self.spoke_twice.set()
        emit(np.full(len(text.split()) * VOICE_RATE // 10, 0.5, np.float32))


@dataclass
class ScriptedEndOfTurn:
    """Judges a turn to be finished with these probabilities one after another, the last for ever."""

    probabilities: list[float | AssistantError]
    looks: int = 0
    name = "scripted"

    def probability(self, audio: Samples) -> float:
        judgement = self.probabilities[min(self.looks, len(self.probabilities) - 1)]
        self.looks += 1
        if isinstance(judgement, AssistantError):
            raise judgement
        return judgement


@dataclass
class ScriptedWakeWordDetector:
    """Detects the wake word once `said` is set; it ends `late` samples before its detection."""

    late: int = 0
    said: bool = False
    second_look: float | None = None
    """Score of the second look, which half confirms; None for a word that has none."""

    def detect(self, block: AudioBlock) -> Detection | Candidate | None:
        if not self.said:
            return None
        self.said = False
        found = Detection("okay_nabu", 0.9, block.end, block.end - self.late)
        if self.second_look is None:
            return found
        said = replace(found, second_look=self.second_look) if self.second_look >= 0.5 else None
        return Candidate(lambda: said)

    def close(self) -> None:
        pass


class ScriptedEars:
    """A microphone that hears what the test says, as fast as the conversation takes it."""

    name = "script"

    def __init__(self) -> None:
        self.dropped = 0
        self.echo_free: bool | None = None
        self.muted = False
        self.batched = False
        self.reduction_db = 0.0
        """By how much an echo canceller has lowered the audio."""
        self.delay_s = 0.0
        """How long ago each block was captured."""
        self._start = 0
        self._send, self._receive = anyio.create_memory_object_stream[AudioBlock](0)

    async def blocks(self) -> AsyncGenerator[AudioBlock, None]:
        async with self._receive:
            async for block in self._receive:
                yield block

    def close(self) -> None:
        self._send.close()
        self._receive.close()

    def mute(self) -> None:
        self.muted = True

    def unmute(self) -> None:
        self.muted = False

    async def hear(self, amplitude: float, milliseconds: int) -> None:
        """Let the conversation hear a whole number of blocks of one amplitude, as long as it listens."""
        for _ in range(milliseconds * LISTENING_RATE // 1000 // BLOCK):
            samples = np.full(BLOCK, amplitude, np.float32)
            self._start += BLOCK
            with suppress(anyio.BrokenResourceError):
                captured_at = anyio.current_time() - self.delay_s
                await self._send.send(
                    AudioBlock(samples, self._start - BLOCK, captured_at, reduction_db=self.reduction_db)
                )


class ScriptedPlayback:
    """Plays everything at once, unless its loudspeaker holds; then nothing leaves it."""

    def __init__(self, loudspeaker: "ScriptedLoudspeaker") -> None:
        self._loudspeaker = loudspeaker
        self.started_at: float | None = None
        self.played = 0
        self.stopped = False
        self.gain = 1.0
        self.paused = False

    def set_gain(self, gain: float, ramp_s: float) -> None:
        self.gain = gain

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    async def write(self, samples: Samples) -> None:
        if self._loudspeaker.broken:
            raise AssistantError(Code.DEVICE_FAILED, "unplugged")
        if self.started_at is None:
            self.started_at = anyio.current_time()
        self.played += min(len(samples), max(0, self._loudspeaker.room - self.played))

    async def drain(self) -> None:
        if self.played >= self._loudspeaker.room:
            self._loudspeaker.full.set()
            await self._loudspeaker.finished.wait()

    def stop(self) -> None:
        self.stopped = True


class ScriptedLoudspeaker:
    """Takes `room` samples of a reply and then does not finish it until `finish`."""

    name = "script"
    volume = 1.0

    def __init__(self, room: int = 10**9) -> None:
        self.room = room
        self.broken = False
        self.full = anyio.Event()
        self.finished = anyio.Event()
        self.playbacks: list[ScriptedPlayback] = []

    def finish(self) -> None:
        self.room = 10**9
        self.finished.set()

    def play(self, rate: int, *, cut_in: bool = False) -> ScriptedPlayback:
        if rate == EARCON_RATE:
            return ScriptedPlayback(ScriptedLoudspeaker())
        assert rate == VOICE_RATE
        self.playbacks.append(ScriptedPlayback(self))
        return self.playbacks[-1]


@dataclass
class Script:
    """The engines of a conversation, each scripted."""

    recognizer: ScriptedRecognizer = field(default_factory=ScriptedRecognizer)
    model: ScriptedModel | ScriptedRemoteModel = field(default_factory=ScriptedModel)
    voice: ScriptedVoice = field(default_factory=ScriptedVoice)
    end_of_turn: ScriptedEndOfTurn | None = None
    answers_beside_recognition: bool = True
    detector: ScriptedWakeWordDetector | None = None
    detector_loader: DetectorLoader | None = None
    """For streams of sound besides that of the stage; None for scripted detectors."""

    def engines(self) -> Engines:
        return share(
            self.recognizer,
            self.model,
            self.voice,
            self.end_of_turn,
            answers_beside_recognition=self.answers_beside_recognition,
            detector_loader=self.detector_loader or (lambda words: self.detectors()),
        )

    def detectors(self) -> Detectors:
        """Make what listens to one more stream of audio; the wake word is that of the script."""
        return Detectors(LoudIsSpeech(), self.detector)
