"""One attempt at answering: reply, voice and playout, each stage overlapping the next."""

import logging
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Sequence
from contextlib import aclosing

import anyio
from anyio.abc import ObjectSendStream

from assistant.answers.acts import Acts
from assistant.answers.base import Question
from assistant.audio.pcm import Samples
from assistant.dialogue.context import Context
from assistant.dialogue.speaking.draft import clauses_of
from assistant.dialogue.speaking.gate import Gate
from assistant.dialogue.speaking.outcome import Outcome
from assistant.dialogue.speaking.playout import Playout
from assistant.dialogue.speaking.reply import WORDLESS, Line, Reply
from assistant.dialogue.speaking.voicing import Sound, Voicing
from assistant.errors import AssistantError, Code, single_error
from assistant.events import ReplyText
from assistant.language.tables import tables_of
from assistant.tts.clauses import Clause

log = logging.getLogger(__name__)

CLAUSES_AHEAD = 4
"""Clauses that may wait for the synthesiser; a language model that works elsewhere pauses when it is further ahead."""

AUDIO_AHEAD = 8
"""Pieces of audio that may wait for the loudspeaker; what is synthesised beyond is wasted if the reply is cut off."""

UNSPEAKABLE = {Code.TTS_FAILED, Code.DEVICE_FAILED}
"""Errors after which an apology could not be heard."""


class Revision:
    """Runs from the words it answers to the last sample played, unless it is cancelled.

    Nothing it does is heard or reported, and no effect of its answer is run, before its gate opens. Cancelling the task
    that runs it ends its engines' work and its playback; its acts are given up by the caller that made them.
    """

    def __init__(
        self,
        turn: int,
        context: Context,
        gate: Gate,
        acts: Acts,
        *,
        counts: bool = False,
        written: Callable[[str], None] = lambda text: None,
        cut_in: bool = False,
        deadline: float | None = None,
    ) -> None:
        """`counts` and `written` as `Reply`; `cut_in` as `AudioSink.play`; `deadline` as `Question.deadline`."""
        self.outcome = Outcome()
        self.gate = gate
        self.acts = acts
        self._turn = turn
        self._context = context
        self._counts = counts
        self._written = written
        engines = context.engines
        self._voicing = Voicing(
            engines.synthesis, context.config.tts, self.outcome, begun=self._begun, deadline=deadline
        )
        self._playout = Playout(
            turn,
            gate,
            context.sink,
            self.outcome,
            cut_in=cut_in,
            instead=self._voicing.of_text,
        )
        self.lower = self._playout.lower
        self.hold = self._playout.hold
        self.restore = self._playout.restore

    @property
    def playing_since(self) -> float | None:
        """Monotonic time at which the loudspeaker took the first sample; None before that."""
        return self._playout.started_at

    @property
    def spoken(self) -> str:
        """What has been synthesised so far, as it is spoken."""
        return " ".join(self.outcome.spoken)

    async def say(self, phrase: str) -> None:
        """Speak `phrase` in place of an answer. Errors are treated as in `run`."""
        await self._recite([Clause(phrase, ends_sentence=True)])

    async def read_out(self, text: str, before: Samples | None = None) -> None:
        """Speak `text`, made speakable, in place of an answer. Errors are treated as in `run`; one is `text.empty`.

        `before` is heard before it, at the rate of the voice.
        """
        await self._recite(clauses_of(text, self._context.voice_language), before)

    async def run(self, question: Question) -> None:
        """Answer `question`. What fails is the outcome's error, with an apology if an engine did before anything was
        said."""
        self.outcome.mark("revision")
        try:
            with single_error():
                await self._answer(question)
        except AssistantError as error:
            self.outcome.error = error
            apology = tables_of(self._context.voice_language).phrases.failed
            if error.code not in UNSPEAKABLE and apology and not self.outcome.heard:
                await self._apologise(apology)
        finally:
            self.acts.close()

    async def _apologise(self, apology: str) -> None:
        try:
            with single_error():
                await self._speak_clauses([Clause(apology, ends_sentence=True)])
        except AssistantError as error:
            log.warning("turn %d: the apology could not be spoken either: %s", self._turn, error)

    async def _answer(self, question: Question) -> None:
        answer = await self._context.responders.answer(question)
        reply = Reply(self.outcome, self.acts, self._context.voice_language, counts=self._counts, written=self._written)
        async with aclosing(reply.lines(answer)) as lines:
            if answer.ahead:
                await self._speak_ahead(lines)
            else:
                await self._speak(lines)

    async def _recite(self, clauses: Sequence[Clause], before: Samples | None = None) -> None:
        self.outcome.mark("revision")
        try:
            with single_error():
                if not clauses:
                    raise AssistantError(Code.TEXT_EMPTY, "there is nothing in the text that can be spoken")
                await self._speak_clauses(clauses, before)
        except AssistantError as error:
            self.outcome.error = error
        finally:
            self.acts.close()

    async def _speak_clauses(self, clauses: Sequence[Clause], before: Samples | None = None) -> None:
        """Speak what is no answer."""
        self.outcome.spoken.clear()
        self.outcome.spoken_samples = 0

        async def lines() -> AsyncGenerator[Line, None]:
            for clause in clauses:
                yield Line(clause)

        async with aclosing(lines()) as all_of_them:
            await self._speak(all_of_them, before)

    async def _speak_ahead(self, lines: AsyncGenerator[Line, None]) -> None:
        """Speak `lines` while they are being written, some clauses ahead of the voice."""
        send, receive = anyio.create_memory_object_stream[Line](CLAUSES_AHEAD)
        async with send, receive, anyio.create_task_group() as stages:
            stages.start_soon(_hand_on, lines, send)
            await self._speak(receive)

    async def _speak(self, lines: AsyncIterable[Line], before: Samples | None = None) -> None:
        """Synthesise and play `lines`, after what is to be heard `before` them."""
        send, receive = anyio.create_memory_object_stream[Sound](AUDIO_AHEAD)
        async with send, receive, anyio.create_task_group() as stages:
            stages.start_soon(self._playout.play, receive, self._context.engines.voice.sample_rate)
            async with send, aclosing(self._voicing.sounds(lines)) as sounds:
                if before is not None:
                    await send.send(Sound(before, Line(WORDLESS)))
                async for sound in sounds:
                    await send.send(sound)

    def _begun(self, line: Line) -> None:
        if line.claim is None and not line.after_claim:
            self.gate.emit(ReplyText(turn=self._turn, text=line.clause.text))


async def _hand_on(lines: AsyncGenerator[Line, None], to: ObjectSendStream[Line]) -> None:
    async with to:
        async for line in lines:
            await to.send(line)
