"""One Wyoming client: what it asks for, one thing of each kind at a time."""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import anyio
import anyio.lowlevel
from anyio.abc import TaskGroup
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioStart
from wyoming.error import Error
from wyoming.event import Event
from wyoming.ping import Ping, Pong
from wyoming.pipeline import PipelineStage, RunPipeline
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart
from wyoming.wake import Detect

from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.config.schema import Config
from assistant.engines.engines import Engines
from assistant.errors import AssistantError, Code
from assistant.flow import Flow
from assistant.interfaces.wyoming import describe, services, waking
from assistant.interfaces.wyoming.satellite import Satellite
from assistant.interfaces.wyoming.services import Conversations
from assistant.interfaces.wyoming.sound import Listener
from assistant.interfaces.wyoming.waking import Spotting
from assistant.interfaces.wyoming.wire import Wire

log = logging.getLogger(__name__)

MOST_S = 600.0
"""Longest recording in seconds."""

MOST_TEXT = 8000
"""Characters of one text."""

PING_S = 2.0
GONE_S = 10.0
"""A satellite that is connected to is asked so often whether it is there; when nothing has come for the longer time, it
is not. (Home Assistant: 2 and 5 s.) Satellites, too, notice that their server has gone only once it has asked them."""

Handler = Callable[["Session", Event], Awaitable[None]]


@dataclass(frozen=True)
class Work:
    """Something that is done for the client."""

    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    ended: anyio.Event = field(default_factory=anyio.Event)


class Session:
    """Serves the client on `wire` until it has gone."""

    def __init__(self, wire: Wire, config: Config, engines: Engines, conversations: Conversations) -> None:
        self._wire = wire
        self._config = config
        self._engines = engines
        self._conversations = conversations
        self._listener = Listener()
        self._audio: Flow[Samples] | None = None
        self._spotting: Spotting | None = None
        self._heard = 0
        self._text: Flow[str] | None = None
        self._written = 0
        self._satellite: Satellite | None = None
        self._work: dict[str, Work] = {}
        self._came_at = anyio.current_time()
        self._tasks: TaskGroup

    async def run(self, *, keep_asking: bool = False) -> None:
        """Never raises for anything that the client does. `keep_asking` whether it is still there, by pings."""
        try:
            async with anyio.create_task_group() as self._tasks:
                if keep_asking:
                    self._tasks.start_soon(self._ask)
                await self._read()
                self._tasks.cancel_scope.cancel()
        except* anyio.BrokenResourceError:
            log.debug("wyoming: a client has gone in the middle")

    async def _ask(self) -> None:
        while anyio.current_time() - self._came_at < GONE_S:
            await self._wire.send(Ping().event())
            await anyio.sleep(PING_S)
        log.info("wyoming: nothing comes from a satellite any more")
        self._tasks.cancel_scope.cancel()

    async def _read(self) -> None:
        while True:
            try:
                event = await self._wire.read()
            except AssistantError as error:
                await self._tell(error)
                await self._wire.discard()
                return
            if event is None:
                return
            self._came_at = anyio.current_time()
            try:
                await self._take(event)
            except AssistantError as error:
                await self._tell(error)

    async def _take(self, event: Event) -> None:
        handler = HANDLERS.get(event.type)
        if handler is None:
            return  # others may understand it; the protocol grows
        try:
            await handler(self, event)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise AssistantError(Code.WYOMING_MALFORMED, f"{event.type}: {type(error).__name__}: {error}") from error

    async def _tell(self, error: AssistantError) -> None:
        log.info("wyoming: a client is told: %s: %s", error.code, error.message)
        await self._wire.send(Error(text=error.message, code=error.code.value).event())

    async def _clear(self, kind: str, *, unfinished: bool) -> None:
        """Let what of this kind is at work come to its end, or give it up if the client never finished asking.

        Until then nothing more is read, so answers come in order and one client has one engine call of a kind at work.
        """
        if (before := self._work.pop(kind, None)) is None:
            return
        if unfinished:
            before.scope.cancel()
        await before.ended.wait()

    def _start(self, kind: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do `work`; the way is clear."""
        started = self._work[kind] = Work()

        async def guarded() -> None:
            try:
                with started.scope:
                    try:
                        await work()
                    except AssistantError as error:
                        await self._tell(error)
            finally:
                started.ended.set()

        self._tasks.start_soon(guarded)

    async def _describe(self, event: Event) -> None:
        await self._wire.send(describe.info(self._config, self._engines).event())

    async def _ping(self, event: Event) -> None:
        await self._wire.send(Pong(text=event.data.get("text")).event())

    async def _transcribe(self, event: Event) -> None:
        language = Transcribe.from_event(event).language
        if language is not None and _text(language) not in ("", "auto"):
            language = language.split("-")[0].split("_")[0].lower()  # en-GB
        else:
            language = self._config.asr.given_language
        audio = await self._open_audio()
        self._start("audio", partial(services.recognise, self._engines, self._config, language, audio, self._wire.send))

    async def _detect(self, event: Event) -> None:
        names = [_text(name) for name in Detect.from_event(event).names or ()]
        words = waking.chosen(self._config, names)
        await self._close_audio(unfinished=True)
        self._spotting = await Spotting.load(words, self._wire.send)

    async def _run_pipeline(self, event: Event) -> None:
        pipeline = RunPipeline.from_event(event)
        if pipeline.start_stage not in (PipelineStage.WAKE, PipelineStage.ASR):
            raise AssistantError(
                Code.WYOMING_MALFORMED, f"run-pipeline: {pipeline.start_stage.value} is no stage to start with here"
            )
        if self._satellite is None:
            self._satellite = Satellite(self._engines, self._config, self._wire.send)
        names = [_text(name) for name in pipeline.wake_word_names or ()]
        words = waking.chosen(self._config, names) if names else None
        awake = pipeline.start_stage is PipelineStage.ASR
        await self._satellite.begin(self._tasks, words, awake=awake)

    async def _audio_start(self, event: Event) -> None:
        AudioStart.from_event(event)
        self._listener = Listener()
        if self._audio is None and self._spotting is None and self._satellite is None:
            await self._transcribe(Transcribe().event())  # what most who send audio want

    async def _audio_chunk(self, event: Event) -> None:
        for samples in self._listener.take(event):
            await anyio.lowlevel.checkpoint()
            await self._hear(samples)

    async def _hear(self, samples: Samples) -> None:
        if self._spotting is not None:
            await self._spotting.take(samples)
        elif self._audio is not None:
            self._heard += len(samples)
            if self._heard > MOST_S * LISTENING_RATE:
                await self._close_audio()
                raise AssistantError(Code.AUDIO_TOO_LONG, f"a recording lasts at most {MOST_S:.0f} s")
            self._audio.put(samples)
        elif self._satellite is not None:
            self._satellite.microphone.put(samples)

    async def _audio_stop(self, event: Event) -> None:
        spotting = self._spotting
        if spotting is not None:
            await spotting.finish()
        elif self._audio is None and self._satellite is not None:
            self._satellite.microphone.pause()
        await self._close_audio()

    async def _synthesize(self, event: Event) -> None:
        if self._text is not None:
            return  # the whole text, for those who do not understand the pieces that have come
        text = _text(_checked(Synthesize.from_event(event)).text)
        await self._clear("text", unfinished=False)
        self._start("text", partial(self._synthesise, _once(text), streamed=False))

    async def _synthesize_start(self, event: Event) -> None:
        _checked(SynthesizeStart.from_event(event))
        await self._clear("text", unfinished=self._text is not None)
        self._text = Flow()  # MOST_TEXT bounds it
        self._written = 0
        self._start("text", partial(self._synthesise, self._text.items(), streamed=True))

    async def _synthesize_chunk(self, event: Event) -> None:
        text = _text(SynthesizeChunk.from_event(event).text)
        self._written += len(text)
        if self._written > MOST_TEXT:
            self._close_text()
            raise AssistantError(Code.TEXT_TOO_LONG, f"a text has at most {MOST_TEXT} characters")
        if self._text is not None:
            self._text.put(text)

    async def _synthesize_stop(self, event: Event) -> None:
        self._close_text()

    async def _synthesise(self, text: AsyncGenerator[str, None], *, streamed: bool) -> None:
        await services.synthesise(self._engines, self._config, text, self._wire.send, streamed=streamed)

    async def _transcript(self, event: Event) -> None:
        """Text that wants an answer."""
        asked = Transcript.from_event(event)
        name = (asked.context or {}).get("conversation_id")
        conversation = None if name is None else _text(name)
        await self._clear("handle", unfinished=False)
        self._start("handle", partial(self._conversations.answer, _text(asked.text), conversation, self._wire.send))

    async def _open_audio(self) -> AsyncGenerator[Samples, None]:
        await self._close_audio(unfinished=True)
        self._heard = 0
        self._audio = Flow()  # MOST_S bounds it
        return self._audio.items()

    async def _close_audio(self, *, unfinished: bool = False) -> None:
        """The audio has ended. `unfinished`: something else begins, and what is still open is given up."""
        self._spotting = None
        audio, self._audio = self._audio, None
        if unfinished:
            await self._clear("audio", unfinished=audio is not None)
        if audio is not None:
            audio.end()

    def _close_text(self) -> None:
        if self._text is not None:
            self._text.end()
            self._text = None


HANDLERS: dict[str, Handler] = {
    "describe": Session._describe,
    "ping": Session._ping,
    "transcribe": Session._transcribe,
    "detect": Session._detect,
    "run-pipeline": Session._run_pipeline,
    "audio-start": Session._audio_start,
    "audio-chunk": Session._audio_chunk,
    "audio-stop": Session._audio_stop,
    "synthesize": Session._synthesize,
    "synthesize-start": Session._synthesize_start,
    "synthesize-chunk": Session._synthesize_chunk,
    "synthesize-stop": Session._synthesize_stop,
    "transcript": Session._transcript,
}
"""What is understood."""


def _text(value: Any) -> str:
    """`value` if it is text that is not too long. Raises `AssistantError`."""
    if not isinstance(value, str):
        raise AssistantError(Code.WYOMING_MALFORMED, f"expected text, got {type(value).__name__}")
    if len(value) > MOST_TEXT:
        raise AssistantError(Code.TEXT_TOO_LONG, f"a text has at most {MOST_TEXT} characters")
    return value


def _checked(request: Any) -> Any:
    """`request` if it is for plain text. Raises `AssistantError` (`wyoming.malformed`)."""
    if request.text_format not in (None, "text"):
        raise AssistantError(Code.WYOMING_MALFORMED, f"text_format {request.text_format} is not supported, only text")
    return request


async def _once(text: str) -> AsyncGenerator[str, None]:
    yield text
