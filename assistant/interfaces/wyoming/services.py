"""Recognition, voice and conversation for one client, each while the room is quiet."""

from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable
from contextlib import aclosing

import anyio
from wyoming.asr import Transcript, TranscriptChunk, TranscriptStart, TranscriptStop
from wyoming.audio import AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event
from wyoming.handle import Handled, HandledChunk, HandledStart, HandledStop
from wyoming.tts import SynthesizeStopped

from assistant import blocking
from assistant.answers.history import History
from assistant.answers.text import TextAnswers
from assistant.audio.pcm import Samples
from assistant.blocking import Emit, StopFlag
from assistant.config.schema import Config
from assistant.dialogue.listening.dictation import Dictated, Dictation
from assistant.dialogue.speaking.draft import Draft
from assistant.engines.engines import Engines
from assistant.errors import AssistantError, Code, single_error
from assistant.flow import Flow
from assistant.interfaces.wyoming import sound
from assistant.tts.clauses import Clause
from assistant.tts.seams import SeamlessJoin
from assistant.vad.silero import Silero

Send = Callable[[Event], Awaitable[None]]

MOST_CONVERSATIONS = 32
"""Conversations of clients that are remembered; of more the one that was silent longest is forgotten."""

AHEAD = 100
"""Pieces of sound, a tenth of a second or longer, that may wait for the client before the next clause is begun."""


async def recognise(
    engines: Engines, config: Config, language: str | None, audio: AsyncIterable[Samples], send: Send
) -> None:
    """Send what is said in `audio`, while it comes and as a whole. Raises `AssistantError` (`asr.failed`)."""
    activity = await blocking.call(lambda stop: Silero(), name="loading")
    dictation = Dictation(engines, activity, language, config.asr.partial_interval_ms / 1000)
    words: Flow[str] = Flow()  # some a second, until the audio ends
    found = Dictated("", "", 0.0)

    async def listen() -> None:
        nonlocal found
        try:
            found = await dictation.take(audio, lambda stable, tentative: words.put(stable))
        finally:
            words.end()

    await send(TranscriptStart(language=language).event())
    with single_error():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listen)
            sent = await _send_growth(words, send)
    if found.text.startswith(sent) and len(found.text) > len(sent):
        await send(TranscriptChunk(found.text[len(sent) :]).event())
    await send(Transcript(text=found.text, language=found.language or language).event())
    await send(TranscriptStop().event())


async def _send_growth(stable: Flow[str], send: Send) -> str:
    """Send what is added to the stable words; all that was sent."""
    sent = ""
    async with aclosing(stable.items()) as growing:
        async for words in growing:
            if words.startswith(sent) and len(words) > len(sent):
                await send(TranscriptChunk(words[len(sent) :]).event())
                sent = words
    return sent


async def synthesise(engines: Engines, config: Config, text: AsyncIterable[str], send: Send, *, streamed: bool) -> None:
    """Send `text`, which comes piece by piece, as speech.

    Raises `AssistantError` (`tts.failed`, `text.empty`), unless it is `streamed`: then that is sent before the end.
    """
    rate = engines.voice.sample_rate
    made: Flow[Samples] = Flow()
    spoken = False
    try:
        with single_error():
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_speak, engines, config, text, made)
                spoken = await _send_sound(made, rate, send)
        if not spoken:
            raise AssistantError(Code.TEXT_EMPTY, "there is nothing in the text that can be spoken")
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
            if len(samples) and not begun:
                begun = True
                await send(AudioStart(rate, sound.CHUNK_WIDTH, 1).event())
            if len(samples):
                await send(sound.chunk(samples, rate))
    return begun


async def _speak(engines: Engines, config: Config, text: AsyncIterable[str], made: Flow[Samples]) -> None:
    """Clauses as soon as they are complete. The voice is never kept from the room by a client that does not read."""
    join = SeamlessJoin(engines.voice.sample_rate, config.tts.clause_pause_ms, config.tts.sentence_pause_ms)
    try:
        async with aclosing(_clauses(text, Draft(engines.voice.language))) as clauses:
            async for clause in clauses:
                await made.room(AHEAD)
                await engines.right_of_way.free()
                async with engines.speaking:
                    await _say(engines, clause, join, made)
                made.put(join.end_clause(ends_sentence=clause.ends_sentence))
        made.put(join.flush())
    finally:
        made.end()


async def _clauses(text: AsyncIterable[str], draft: Draft) -> AsyncGenerator[Clause, None]:
    async for piece in text:
        for clause in draft.feed(piece):
            yield clause
    for clause in draft.rest():
        yield clause


async def _say(engines: Engines, clause: Clause, join: SeamlessJoin, made: Flow[Samples]) -> None:
    def work(emit: Emit[Samples], stop: StopFlag) -> None:
        engines.voice.synthesize(clause.text, emit=emit, stop=stop)

    async with aclosing(blocking.stream(work, name="synthesis")) as pieces:
        async for piece in pieces:
            made.put(join.push(piece))


class Conversations:
    """What was said in each conversation of clients, by the name that they give it."""

    def __init__(self, engines: Engines, config: Config) -> None:
        self._engines = engines
        self._config = config
        self._histories: OrderedDict[str, History] = OrderedDict()

    async def answer(self, text: str, conversation: str | None, send: Send) -> None:
        """Send the answer to `text`, while it is being written and as a whole. Raises `AssistantError`."""
        answers = TextAnswers(self._engines, self._config.llm, self._history(conversation))
        context = {"conversation_id": conversation} if conversation is not None else None
        await send(HandledStart(context=context).event())
        written: list[str] = []
        async with aclosing(answers.write(text)) as pieces:
            async for piece in pieces:
                written.append(piece)
                await send(HandledChunk(piece).event())
        await send(Handled(text="".join(written), context=context).event())
        await send(HandledStop().event())

    def _history(self, name: str | None) -> History:
        if name is None:
            return History(self._config.llm)
        history = self._histories.pop(name, None) or History(self._config.llm)
        self._histories[name] = history
        while len(self._histories) > MOST_CONVERSATIONS:
            self._histories.popitem(last=False)
        return history
