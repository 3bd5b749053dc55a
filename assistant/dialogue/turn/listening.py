"""The user's half of a turn: the utterance while it grows, the passes over it, and whether it sounds finished."""

import logging

from assistant.audio.pcm import BLOCK, AudioBlock, Samples
from assistant.blocking import StopFlag
from assistant.dialogue.context import Context
from assistant.dialogue.listening.recognition import NOTHING, Pass, Recognition
from assistant.dialogue.listening.utterance import Utterance
from assistant.dialogue.turn.load import Load
from assistant.errors import AssistantError
from assistant.turns.base import EndOfTurn
from assistant.turns.endpointing import Endpointing
from assistant.turns.segmenter import samples

log = logging.getLogger(__name__)

FIRST_LOOK_MS = 128
"""Silence after which the end-of-turn model has its first look: early enough to have answered before `complete_ms`."""


class Listening:
    """Holds what was understood so far. `load` gets the seconds of each pass, `endpointing` what a pause shows."""

    def __init__(self, number: int, context: Context, endpointing: Endpointing, load: Load) -> None:
        turns, asr = context.config.turns, context.config.asr
        self._number = number
        self._engines = context.engines
        self._endpointing = endpointing
        self._load = load
        self._utterance = Utterance(turns.max_utterance_s + 1 + (turns.pre_roll_ms + turns.longest_silence_ms) / 1000)
        self._recognition = Recognition(context.engines.recognition, asr.given_language)
        self.found = NOTHING
        """What recognition made of the utterance last."""
        self.error: AssistantError | None = None
        """Why recognition failed last."""
        self.start = 0
        """The sample of the audio clock that the utterance begins with."""
        self.late_blocks = self._late_before = 0

    @property
    def length(self) -> int:
        """Samples of the utterance so far."""
        return len(self._utterance.audio)

    def begin(self, first: list[AudioBlock]) -> None:
        """Take the audio from before it was certain that the user speaks."""
        self.start = first[0].start if first else 0
        for block in first:
            self._utterance.append(block.samples)

    def append(self, block: AudioBlock, *, late: bool) -> None:
        """Take the next block; `late` if voice activity got it late."""
        self.late_blocks += late
        self._utterance.append(block.samples)

    def end_early(self) -> None:
        """Let the pass at work end at its next step."""
        self._recognition.end_early()

    async def recognise(self, length: int, *, full_window: bool, deadline: float | None) -> Pass | None:
        """Run a pass over the first `length` samples; return None when it failed, and then `error` is set."""
        audio = self._utterance.audio[:length]
        try:
            done = await self._recognition.run(audio, full_window=full_window, deadline=deadline)
        except AssistantError as error:
            log.warning("recognition failed in turn %d: %s", self._number, error)
            self.error, self.found = error, NOTHING
            return None
        self.error, self.found = None, done.found
        return done

    def is_shed(self, done: Pass) -> bool:
        """Report to the load how long a pass took; whether that changes how much is done ahead."""
        late, self._late_before = self.late_blocks - self._late_before, self.late_blocks
        return not done.stopped and self._load.observe(done.found.seconds, late)

    async def judge(self, speech_end: int) -> None:
        """Let the end-of-turn model look at the silence since sample `speech_end` as often as it helps."""
        look_at = speech_end + samples(FIRST_LOOK_MS)
        while self._engines.judgement.engine is not None and self._endpointing.wants_look:
            await self._utterance.reaches(look_at)
            audio = self._utterance.audio
            try:
                self._endpointing.judged(await self._look(audio))
            except AssistantError as error:
                log.warning("the end of turn %d is decided by silence: %s", self._number, error)
                return
            look_at = len(audio) + BLOCK

    async def _look(self, audio: Samples) -> float:
        def probability(model: EndOfTurn | None, stop: StopFlag) -> float:
            return model.probability(audio) if model is not None else 0.0

        return await self._engines.judgement.call(probability, name="judgement")
