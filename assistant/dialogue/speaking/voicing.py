"""The voice: lines become one continuous stream of sound."""

from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextlib import aclosing
from dataclasses import dataclass

from assistant.audio.pcm import Samples
from assistant.blocking import Emit, StopFlag
from assistant.config.schema import Tts
from assistant.dialogue.speaking.draft import clauses_of
from assistant.dialogue.speaking.outcome import Outcome
from assistant.dialogue.speaking.reply import WORDLESS, Line
from assistant.engines.handle import Handle
from assistant.engines.priority import Urgency
from assistant.tts.base import SpeechSynthesizer
from assistant.tts.seams import SeamlessJoin, silence


@dataclass(frozen=True, slots=True)
class Sound:
    """A piece of the sound of a line, at the rate of the voice; empty for a line without words."""

    samples: Samples
    line: Line


class Voicing:
    """Synthesises with the voice behind `handle`, with pauses as `settings` say, and notes it in `outcome`.

    `begun` is called with each line as it is handed to the voice. `deadline` is that of the first line.
    """

    def __init__(
        self,
        handle: Handle[SpeechSynthesizer],
        settings: Tts,
        outcome: Outcome,
        *,
        begun: Callable[[Line], None] = lambda line: None,
        urgency: Urgency = Urgency.SPOKEN,
        deadline: float | None = None,
    ) -> None:
        self._handle = handle
        self._settings = settings
        self._outcome = outcome
        self._begun = begun
        self._urgency = urgency
        self._deadline = deadline

    async def sounds(self, lines: AsyncIterable[Line]) -> AsyncGenerator[Sound, None]:
        """Yield the audio of `lines`, as it is synthesised. Raises what `lines` does, and `tts.failed`."""
        join = self._join()
        line: Line | None = None
        async for line in lines:
            self._begun(line)
            if line.clause is WORDLESS:
                yield Sound(silence(0), line)
                continue
            async with aclosing(self._speak(line, join)) as pieces:
                async for samples in pieces:
                    yield Sound(samples, line)
            self._outcome.spoken.append(line.clause.text)
        if line is not None and len(rest := join.flush()):
            yield Sound(self._counted(rest), line)

    async def of_text(self, text: str) -> AsyncGenerator[Samples, None]:
        """Yield the audio of `text` by itself. Raises `AssistantError` (`tts.failed`)."""
        join = self._join()
        for clause in clauses_of(text, self._handle.engine.language):
            async with aclosing(self._speak(Line(clause), join)) as pieces:
                async for samples in pieces:
                    yield samples
            self._outcome.spoken.append(clause.text)
        if len(rest := join.flush()):
            yield self._counted(rest)

    def _join(self) -> SeamlessJoin:
        rate = self._handle.engine.sample_rate
        return SeamlessJoin(rate, self._settings.clause_pause_ms, self._settings.sentence_pause_ms)

    async def _speak(self, line: Line, join: SeamlessJoin) -> AsyncGenerator[Samples, None]:
        def synthesize(voice: SpeechSynthesizer, emit: Emit[Samples], stop: StopFlag) -> None:
            with self._outcome.synthesising():
                voice.synthesize(line.clause.text, emit=emit, stop=stop)

        deadline, self._deadline = self._deadline, None
        self._outcome.unfinished = line.clause.text
        making = self._handle.stream(synthesize, name="synthesis", urgency=self._urgency, deadline=deadline)
        async with aclosing(making) as pieces:
            async for piece in pieces:
                if len(samples := join.push(piece)):
                    yield self._counted(samples)
        self._outcome.unfinished = None
        if len(samples := join.end_clause(ends_sentence=line.clause.ends_sentence)):
            yield self._counted(samples)

    def _counted(self, samples: Samples) -> Samples:
        self._outcome.mark("first_audio")
        self._outcome.spoken_samples += len(samples)
        return samples
