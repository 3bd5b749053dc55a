"""One attempt at answering a turn: reply, clauses, audio, each stage overlapping the next."""

import logging
import time
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field

import anyio
from anyio.abc import ObjectReceiveStream, ObjectSendStream

from assistant import blocking
from assistant.audio.base import Playback
from assistant.audio.pcm import Samples
from assistant.blocking import Either, Emit, StopFlag
from assistant.dialogue.parts import Parts
from assistant.dialogue.speaking.draft import Draft, Filled
from assistant.dialogue.speaking.gate import Gate
from assistant.dialogue.speaking.played import SpokenClause, heard_text
from assistant.errors import AssistantError, Code, single_error
from assistant.events import PlaybackFinished, PlaybackStarted, ReplyText
from assistant.language.tables import tables_of
from assistant.llm.base import Message, Usage
from assistant.tts.clauses import Clause
from assistant.tts.seams import SeamlessJoin

log = logging.getLogger(__name__)

CLAUSES_AHEAD = 4
"""Clauses that may wait for the synthesiser; the language model pauses when it is further ahead than that."""

DUCK_RAMP_S = 0.03
"""How long playback takes to become quieter, or as loud as before: no click, and done before the next syllable."""

UNSPEAKABLE = {Code.TTS_FAILED, Code.DEVICE_FAILED}
"""Errors that nobody would hear an apology for."""

AUDIO_AHEAD = 8
"""Pieces of audio that may wait for the loudspeaker; what is synthesised beyond is wasted if the reply is cut off."""


@dataclass
class Outcome:
    """What a revision came to, as far as it went. Moments are seconds of the monotonic clock."""

    reply: str = ""
    clauses: list[SpokenClause] = field(default_factory=list)
    spoken_samples: int = 0
    heard: str = ""
    usage: Usage | None = None
    error: AssistantError | None = None
    """Why there is no answer, or only the beginning of one."""
    work_s: dict[str, float] = field(default_factory=lambda: {"llm": 0.0, "tts": 0.0})
    moments: dict[str, float] = field(default_factory=dict)

    def note(self, usage: Usage) -> None:
        """Count a request of a reply that is written in several; the later ones find their prompt in the cache."""
        if self.usage is None:
            self.usage = usage
        else:
            self.usage = Usage(self.usage.reused, self.usage.evaluated, self.usage.generated + usage.generated)

    def mark(self, name: str) -> None:
        """Note when `name` happened first."""
        self.moments.setdefault(name, time.monotonic())

    @contextmanager
    def working(self, stage: str) -> Iterator[None]:
        """Count the time spent inside as work of `stage`."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.work_s[stage] += time.monotonic() - began


class Revision:
    """Runs from the words it answers to the last sample played, unless it is cancelled.

    Nothing it does is heard or reported before its gate opens. Cancelling the task that runs it ends its engines'
    work and its playback.
    """

    def __init__(
        self,
        turn: int,
        parts: Parts,
        gate: Gate,
        *,
        written: Callable[[str], None] = lambda text: None,
        cut_in: bool = False,
    ) -> None:
        """`written` is given the reply piece by piece, as the language model writes it. `cut_in`: as
        `AudioSink.play`."""
        self.outcome = Outcome()
        self._written = written
        self._cut_in = cut_in
        self.gate = gate
        self._turn = turn
        self._engines = parts.engines
        self._config = parts.config
        self._history = parts.history
        self._sink = parts.sink
        self._playback: Playback | None = None
        self._free = anyio.Event()
        self._free.set()

    @property
    def playing_since(self) -> float | None:
        """Monotonic time at which the loudspeaker took the first sample; None before that."""
        return self._playback.started_at if self._playback is not None else None

    @property
    def spoken(self) -> str:
        """What has been synthesised so far, made speakable."""
        return " ".join(clause.text for clause in self.outcome.clauses)

    @property
    def asks(self) -> bool:
        """Whether what was heard of it ends with a question."""
        return self.outcome.heard.rstrip().endswith(("?", "？", "؟"))

    def lower(self, gain: float) -> None:
        """Play quieter, by the factor `gain`, until `restore`."""
        if self._playback is not None:
            self._playback.set_gain(gain, DUCK_RAMP_S)

    def hold(self) -> None:
        """Let nothing be heard until `restore`; what is prepared meanwhile waits."""
        if self._free.is_set():
            self._free = anyio.Event()
        if self._playback is not None:
            self._playback.pause()

    def restore(self) -> None:
        """Go on where it was lowered or held."""
        self._free.set()
        if self._playback is not None:
            self._playback.set_gain(1.0, DUCK_RAMP_S)
            self._playback.resume()

    async def say(self, phrase: str) -> None:
        """Speak `phrase` in place of an answer. Errors are treated as in `run`."""
        await self._recite([Clause(phrase, ends_sentence=True)])

    async def read_out(self, text: str) -> None:
        """Speak `text`, made speakable, in place of an answer. Errors are treated as in `run`; one is `text.empty`."""
        draft = Draft(self._engines.voice.language)
        await self._recite([*draft.feed(text), *draft.rest()])

    async def run(self, question: str) -> None:
        """Answer `question`. What fails is the outcome's error, with an apology if an engine did before anything was
        said."""
        self.outcome.mark("revision")
        try:
            with single_error():
                await self._answer(question)
        except AssistantError as error:
            self.outcome.error = error
            apology = tables_of(self._engines.voice.language).phrases.failed
            if error.code not in UNSPEAKABLE and apology and not self.outcome.heard:
                await self._apologise(apology)

    async def _apologise(self, apology: str) -> None:
        try:
            with single_error():
                await self._say([Clause(apology, ends_sentence=True)])
        except AssistantError as error:
            log.warning("turn %d: not even an apology could be said: %s", self._turn, error)

    async def _answer(self, question: str) -> None:
        if self._engines.model.shares_processor:
            async with aclosing(self._write_in_turns(question)) as clauses:
                await self._voice(clauses)
        else:
            send, receive = anyio.create_memory_object_stream[Clause](CLAUSES_AHEAD)
            async with send, receive, anyio.create_task_group() as stages:
                stages.start_soon(self._write_ahead, question, send)
                await self._voice(receive)
        if not self.outcome.reply.strip():
            name = self._engines.model.name
            raise AssistantError(Code.REPLY_EMPTY, f"{name} wrote nothing in answer; ask again or in other words")

    async def _recite(self, clauses: Sequence[Clause]) -> None:
        self.outcome.mark("revision")
        try:
            with single_error():
                if not clauses:
                    raise AssistantError(Code.TEXT_EMPTY, "there is nothing in the text that can be spoken")
                await self._say(clauses)
        except AssistantError as error:
            self.outcome.error = error

    async def _say(self, said: Sequence[Clause]) -> None:
        """Speak what is no answer."""
        self.outcome.clauses.clear()
        self.outcome.spoken_samples = 0

        async def all_of_it() -> AsyncGenerator[Clause, None]:
            for clause in said:
                yield clause

        async with aclosing(all_of_it()) as clauses:
            await self._voice(clauses)

    async def _voice(self, clauses: AsyncIterable[Clause]) -> None:
        """Synthesise and play `clauses`."""
        audio_in, audio_out = anyio.create_memory_object_stream[Samples](AUDIO_AHEAD)
        async with audio_in, audio_out, anyio.create_task_group() as stages:
            stages.start_soon(self._play, audio_out)
            await self._synthesise(clauses, audio_in)

    async def _write_in_turns(self, question: str) -> AsyncGenerator[Clause, None]:
        """A language model that works on the voice's cores: it pauses at each clause until that has been synthesised.

        So each has the whole machine. It is stopped and asked to go on with what it wrote, which costs it one token.
        """
        model, draft = self._engines.model, Draft(self._engines.voice.language)
        limit = self._config.llm.max_reply_tokens

        def write_clause(stop: StopFlag) -> list[Clause]:
            made: list[Clause] = []

            def take(piece: str) -> None:
                self.outcome.mark("first_token")
                made.extend(draft.feed(piece))

            messages = self._history.prompt(question, model.count_tokens)
            if draft.reply:
                messages.append(Message("assistant", draft.reply))
            left = limit - (self.outcome.usage.generated if self.outcome.usage else 0)
            with self.outcome.working("llm"):
                usage = model.generate(messages, max_tokens=left, emit=take, stop=Either(stop, Filled(made)))
            self.outcome.note(usage)
            if not made or usage.generated >= left:
                made.extend(draft.rest())
            return made

        while not draft.ended:
            async with self._engines.generating:
                made = await blocking.call(write_clause, name="generation")
            self._note_reply(draft)
            for clause in made:
                yield clause

    async def _write_ahead(self, question: str, clauses: ObjectSendStream[Clause]) -> None:
        """A language model that works elsewhere: it writes on while the voice is at work, some clauses ahead."""
        model, draft = self._engines.model, Draft(self._engines.voice.language)

        def generate(emit: Emit[str], stop: StopFlag) -> None:
            messages = self._history.prompt(question, model.count_tokens)
            limit = self._config.llm.max_reply_tokens
            with self.outcome.working("llm"):
                self.outcome.usage = model.generate(messages, max_tokens=limit, emit=emit, stop=stop)

        async with clauses, self._engines.generating, aclosing(blocking.stream(generate, name="generation")) as pieces:
            async for piece in pieces:
                self.outcome.mark("first_token")
                made = draft.feed(piece)
                self._note_reply(draft)
                for clause in made:
                    await clauses.send(clause)
            for clause in draft.rest():
                await clauses.send(clause)

    def _note_reply(self, draft: Draft) -> None:
        before, self.outcome.reply = self.outcome.reply, draft.reply
        if len(draft.reply) > len(before):
            self._written(draft.reply[len(before) :])

    async def _synthesise(self, clauses: AsyncIterable[Clause], audio: ObjectSendStream[Samples]) -> None:
        """The voice: clauses become one continuous stream of audio."""
        tts = self._config.tts
        voice = self._engines.voice
        join = SeamlessJoin(voice.sample_rate, tts.clause_pause_ms, tts.sentence_pause_ms)
        async with audio:
            async for clause in clauses:
                self.gate.emit(ReplyText(turn=self._turn, text=clause.text))
                start = self.outcome.spoken_samples
                await self._speak(clause, join, audio)
                self.outcome.clauses.append(SpokenClause(clause.text, start, self.outcome.spoken_samples))
            await self._send(join.flush(), audio)

    async def _speak(self, clause: Clause, join: SeamlessJoin, audio: ObjectSendStream[Samples]) -> None:
        voice = self._engines.voice

        def synthesize(emit: Emit[Samples], stop: StopFlag) -> None:
            with self.outcome.working("tts"):
                voice.synthesize(clause.text, emit=emit, stop=stop)

        async with self._engines.speaking, aclosing(blocking.stream(synthesize, name="synthesis")) as pieces:
            async for piece in pieces:
                await self._send(join.push(piece), audio)
        await self._send(join.end_clause(ends_sentence=clause.ends_sentence), audio)

    async def _send(self, samples: Samples, audio: ObjectSendStream[Samples]) -> None:
        if not len(samples):
            return
        self.outcome.mark("first_audio")
        self.outcome.spoken_samples += len(samples)
        await audio.send(samples)

    async def _play(self, audio: ObjectReceiveStream[Samples]) -> None:
        """The loudspeaker: waits at the gate, then plays, and notes what was heard however it ends."""
        await self.gate.passed()
        first = await anext(aiter(audio), None)
        if first is None:
            return
        await self._free.wait()
        playback = self._playback = self._sink.play(self._engines.voice.sample_rate, cut_in=self._cut_in)
        complete = False
        try:
            await playback.write(first)
            self.gate.emit(PlaybackStarted(turn=self._turn))
            async for samples in audio:
                await playback.write(samples)
            await playback.drain()
            complete = True
        finally:
            if not complete:
                playback.stop()
            if playback.started_at is not None:
                self.outcome.moments["playback"] = playback.started_at
            self.outcome.heard = heard_text(self.outcome.clauses, playback.played)
            self.gate.emit(PlaybackFinished(turn=self._turn, heard=self.outcome.heard, complete=complete))
