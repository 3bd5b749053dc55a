"""Text to speech for one client."""

from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable
from contextlib import aclosing
from functools import partial

import anyio
import numpy as np
from wyoming.audio import AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStopped

from assistant.audio.pcm import Samples
from assistant.dialogue.speaking.draft import Draft
from assistant.dialogue.speaking.outcome import Outcome
from assistant.dialogue.speaking.reply import Line
from assistant.dialogue.speaking.voicing import Voicing
from assistant.engines.priority import Urgency
from assistant.errors import AssistantError, Code, single_error
from assistant.flow import Flow
from assistant.interfaces.base import Host
from assistant.interfaces.wyoming import sound
from assistant.interfaces.wyoming.checks import MAX_TEXT, plain, text_of
from assistant.interfaces.wyoming.jobs import Jobs
from assistant.interfaces.wyoming.wire import Send

MAX_PIECES_AHEAD = 100
"""Pieces of sound, a tenth of a second or longer, that may wait for the client before the next clause is begun."""


SILENCE_S = 0.2
"""Of sound for a text of which nothing can be spoken."""


class SynthesisService:
    """Speaks the texts of a client, whole ones and those that come piece by piece."""

    def __init__(self, host: Host, jobs: Jobs, send: Send) -> None:
        self._host = host
        self._jobs = jobs
        self._send = send
        self._text: Flow[str] | None = None
        """A text whose end has not come yet."""
        self._characters = 0

    @property
    def handlers(self) -> dict[str, Callable[[Event], Awaitable[None]]]:
        return {
            "synthesize": self._synthesize,
            "synthesize-start": self._start,
            "synthesize-chunk": self._chunk,
            "synthesize-stop": self._stop,
        }

    async def _synthesize(self, event: Event) -> None:
        if self._text is not None:
            return  # the whole text, for those who do not understand the pieces that have come
        text = text_of(plain(Synthesize.from_event(event)).text)
        await self._jobs.clear("synthesis", unfinished=False)
        self._jobs.start("synthesis", partial(synthesise, self._host, _once(text), self._send, streamed=False))

    async def _start(self, event: Event) -> None:
        plain(SynthesizeStart.from_event(event))
        await self._jobs.clear("synthesis", unfinished=self._text is not None)
        self._text = Flow()  # MAX_TEXT bounds it
        self._characters = 0
        self._jobs.start("synthesis", partial(synthesise, self._host, self._text.items(), self._send, streamed=True))

    async def _chunk(self, event: Event) -> None:
        text = text_of(SynthesizeChunk.from_event(event).text)
        self._characters += len(text)
        if self._characters > MAX_TEXT:
            self._close()
            raise AssistantError(Code.TEXT_TOO_LONG, f"a text has at most {MAX_TEXT} characters")
        if self._text is not None:
            self._text.put(text)

    async def _stop(self, event: Event) -> None:
        self._close()

    def _close(self) -> None:
        if self._text is not None:
            self._text.end()
            self._text = None


async def synthesise(host: Host, text: AsyncIterable[str], send: Send, *, streamed: bool) -> None:
    """Send `text`, which comes piece by piece, as speech; where nothing in it can be spoken, a moment of silence.

    Raises `AssistantError` (`tts.failed`), unless it is `streamed`: then that is sent before the end.
    """
    rate = host.engines.voice.sample_rate
    made: Flow[Samples] = Flow()
    spoken = False
    try:
        with single_error():
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_speak, host, text, made)
                spoken = await _send_sound(made, rate, send)
        if not spoken:  # "..." or an emoji; an error would become one of the whole answer, which is on the screen
            await send(AudioStart(rate, sound.CHUNK_WIDTH, 1).event())
            await send(sound.chunk(np.zeros(round(SILENCE_S * rate), np.float32), rate))
        await send(AudioStop().event())
    except AssistantError as error:
        if not streamed:
            raise
        await send(Error(text=error.message, code=error.code.value).event())
    if streamed:
        await send(SynthesizeStopped().event())  # in any case: who streams reads until it comes


async def _send_sound(made: Flow[Samples], rate: int, send: Send) -> bool:
    """Send the pieces as they are made; whether there were any."""
    begun = False
    async with aclosing(made.items()) as pieces:
        async for samples in pieces:
            if not begun:
                begun = True
                await send(AudioStart(rate, sound.CHUNK_WIDTH, 1).event())
            await send(sound.chunk(samples, rate))
    return begun


async def _speak(host: Host, text: AsyncIterable[str], made: Flow[Samples]) -> None:
    """Make sound of clauses as soon as they are complete. A client that does not read never keeps the voice from the
    rooms: it waits between two clauses, when the voice is free."""
    voicing = Voicing(host.engines.synthesis, host.config.tts, Outcome(), urgency=Urgency.BACKGROUND)
    try:
        async with (
            aclosing(_lines(text, host.engines.voice.language, made)) as lines,
            aclosing(voicing.sounds(lines)) as sounds,
        ):
            async for piece in sounds:
                made.put(piece.samples)
    finally:
        made.end()


async def _lines(text: AsyncIterable[str], language: str, made: Flow[Samples]) -> AsyncGenerator[Line, None]:
    draft = Draft(language)
    async for piece in text:
        async with aclosing(draft.take(piece)) as clauses:
            async for clause in clauses:
                await made.room(MAX_PIECES_AHEAD)
                yield Line(clause)
    for clause in draft.rest():
        await made.room(MAX_PIECES_AHEAD)
        yield Line(clause)


async def _once(text: str) -> AsyncGenerator[str, None]:
    yield text
