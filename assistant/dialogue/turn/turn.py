"""One turn: from the onset of the user's speech until the answer has been played or given up."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import anyio
from anyio.abc import TaskGroup, TaskStatus

from assistant import blocking
from assistant.audio.pcm import BLOCK, LISTENING_RATE, AudioBlock, Samples
from assistant.dialogue.listening.recognition import NOTHING, Pass, Recognition
from assistant.dialogue.listening.utterance import Utterance
from assistant.dialogue.parts import Parts
from assistant.dialogue.speaking.gate import Gate
from assistant.dialogue.speaking.revision import Outcome, Revision
from assistant.dialogue.turn.end import End
from assistant.dialogue.turn.load import Load
from assistant.dialogue.turn.speculation import (
    Action,
    Answer,
    Plan,
    Prepare,
    Recognise,
    Release,
    StopRecognising,
    Withdraw,
)
from assistant.dialogue.turn.spent import Spent
from assistant.errors import AssistantError
from assistant.events import (
    Error,
    Event,
    FinalTranscript,
    LoadShed,
    Marks,
    PartialTranscript,
    SpeechEnded,
    TurnFinished,
)
from assistant.language.remarks import Remark, remark
from assistant.turns.base import EndOfTurn
from assistant.turns.endpointing import Endpointing
from assistant.turns.segmenter import Committed, SoftEnd, samples

log = logging.getLogger(__name__)

FIRST_LOOK_MS = 128
"""Silence after which the end-of-turn model has its first look: early enough to have answered before `complete_ms`."""


class Turn:
    """Told what happens through `hear`, `soft_end`, `resume` and `commit`, in the order of the segmenter's signals.

    Decides nothing itself: the plan does, and the turn carries out what it says. Everything it starts belongs to the
    task that awaits `run`; cancelling that task leaves nothing behind.
    """

    goes_on = True

    def __init__(
        self,
        number: int,
        parts: Parts,
        *,
        patience: Endpointing,
        load: Load,
        held: bool = False,
        ask_again: str = "",
        understood: Callable[["Turn"], None] = lambda turn: None,
    ) -> None:
        """`held`: it is not certain yet that the turn is for the assistant; it is recognised, and nothing is told or
        answered until `admit`. `ask_again` is said when no words are recognised. `understood` is called whenever
        recognition has found `words`."""
        self.number = number
        self._parts = parts
        self._engines = parts.engines
        self._config = parts.config
        self._patience = patience
        self._load = load
        self._ask_again = ask_again
        self._understood = understood
        self._told = Gate(parts.emit)
        turns, asr = parts.config.turns, parts.config.asr
        self._utterance = Utterance(turns.max_utterance_s + 1 + (turns.pre_roll_ms + turns.longest_silence_ms) / 1000)
        language = asr.given_language
        self._recognition = Recognition(self._engines.recognizer, self._engines.recognizing, language)
        interval = samples(asr.partial_interval_ms) if asr.partials else None
        self._plan = Plan(interval, load.effort, beside=self._engines.answers_beside_recognition, held=held)
        self._found = NOTHING
        self._late_blocks = self._late_blocks_before = 0
        self._moments: dict[str, float] = {}
        self._spent = Spent()
        self._error: AssistantError | None = None
        self._revision: Revision | None = None
        self._answering = anyio.CancelScope()
        self._judging = anyio.CancelScope()
        self._reading: anyio.CancelScope | None = None
        self._released = anyio.Event()
        self._tasks: TaskGroup
        self._committed = False
        self._held_back = False
        self._end = End.ANSWERED
        self.is_held = held
        self.start = 0
        """The sample of the audio clock that the utterance begins with."""
        self.over = anyio.Event()
        """Set when nothing of the turn is at work any more."""
        if not held:
            self._told.open()

    @property
    def words(self) -> str:
        """What recognition made of the utterance last."""
        return self._found.text

    @property
    def language(self) -> str:
        return self._found.language

    @property
    def is_understood(self) -> bool:
        """The user is silent, and `words` are all that was said so far."""
        return self._plan.is_certain

    @property
    def end_of_audio(self) -> int:
        """The sample of the audio clock up to which the turn has heard."""
        return self.start + len(self._utterance.audio)

    @property
    def is_committed(self) -> bool:
        return self._committed

    @property
    def end(self) -> End:
        """How the turn ended, once it is `over`."""
        return self._end

    @property
    def playing_since(self) -> float | None:
        """Monotonic time since which the answer can be heard; None before that."""
        return self._revision.playing_since if self._revision is not None else None

    @property
    def spoken(self) -> str:
        """What of the answer has been synthesised so far."""
        return self._revision.spoken if self._revision is not None else ""

    @property
    def outcome(self) -> Outcome:
        """What became of the answer so far."""
        return self._revision.outcome if self._revision is not None else Outcome()

    @property
    def asks(self) -> bool:
        """Whether the answer, as far as it was heard, ends with a question."""
        return self._revision is not None and self._revision.asks

    async def run(self, first: list[AudioBlock], task_status: TaskStatus[None]) -> None:
        """Live through the turn, beginning with the audio before its onset; `task_status` says when it can be told.

        What fails is an event.
        """
        try:
            async with anyio.create_task_group() as self._tasks:
                self.start = first[0].start if first else 0
                for block in first:
                    self._utterance.append(block.samples)
                self._plan.begun(len(self._utterance.audio))
                task_status.started()
                await self._released.wait()
            if self._end is not End.DISCARDED:
                self._finish()
        finally:
            self.over.set()

    def hear(self, block: AudioBlock, *, late: bool = False, falling: bool = False) -> None:
        """More of the user's speech, or of the silence after it.

        `late` if voice activity got it late, `falling` if the voice may just be fading.
        """
        self._late_blocks += late
        self._utterance.append(block.samples)
        self._do(self._plan.heard(len(self._utterance.audio), falling=falling))

    def soft_end(self, signal: SoftEnd, block: AudioBlock) -> None:
        """The user may have finished: prepare the answer behind a closed gate."""
        self._moments["speech_end"] = block.moment(signal.speech_end)
        self._moments["soft_end"] = block.captured_at
        self._spent.stop_listening()
        speech_end = len(self._utterance.audio) - (block.end - signal.speech_end)
        self._do(self._plan.paused(speech_end))
        self._judging = self._start(partial(self._judge, speech_end))

    def resume(self) -> None:
        """The user had not finished: what was prepared is void."""
        self._judging.cancel()
        self._error = None
        self._do(self._plan.resumed())

    def commit(self, signal: Committed, block: AudioBlock) -> None:
        """The user has finished: let the answer through."""
        self._committed = True
        self._judging.cancel()
        self._moments["speech_end"] = block.moment(signal.speech_end)
        self._moments["commit"] = block.captured_at
        self._told.emit(SpeechEnded(turn=self.number, at_s=signal.speech_end / LISTENING_RATE))
        self._do(self._plan.committed())

    def tell(self, event: Event) -> None:
        """Emit `event`, once it is certain that the turn is for the assistant."""
        self._told.emit(event)

    def admit(self) -> None:
        """The turn is for the assistant: tell of it, and answer it."""
        self.is_held = False
        self._told.open()
        self._do(self._plan.admitted())

    def discard(self) -> None:
        """The turn is for nobody: end it, and tell nothing."""
        self._end = End.DISCARDED
        self._released.set()
        self._tasks.cancel_scope.cancel()

    def interrupt(self, end: End) -> None:
        """Give the answer up at once; what was heard of it goes into the history, unless the turn is reopened."""
        self._end = end
        self._judging.cancel()
        if self._reading is not None:
            self._reading.cancel()
        self._answering.cancel()
        self._released.set()

    def lower(self, gain: float) -> None:
        """As `Revision.lower`."""
        if self._revision is not None:
            self._revision.lower(gain)

    def hold(self) -> None:
        """As `Revision.hold`, also for an answer that is begun later."""
        self._held_back = True
        if self._revision is not None:
            self._revision.hold()

    def restore(self) -> None:
        """As `Revision.restore`."""
        self._held_back = False
        if self._revision is not None:
            self._revision.restore()

    def _do(self, actions: Sequence[Action]) -> None:
        """Carry out what the plan says, unless the turn was given up."""
        if self._end is not End.ANSWERED:
            return
        for action in actions:
            match action:
                case Recognise():
                    self._tasks.start_soon(self._recognise, action)
                case StopRecognising():
                    self._recognition.end_early()
                case Prepare(words=words):
                    self._prepare(words)
                case Answer(words=words):
                    self._withdraw()
                    self._answer(words)
                case Withdraw():
                    self._withdraw()
                case Release(words=words):
                    self._release(words)

    def _start(self, work: Callable[[], Awaitable[None]]) -> anyio.CancelScope:
        """Start `work` in a scope of its own."""
        scope = anyio.CancelScope()

        async def within() -> None:
            with scope:
                await work()

        self._tasks.start_soon(within)
        return scope

    async def _recognise(self, action: Recognise) -> None:
        audio = self._utterance.audio[: action.length]
        try:
            done = await self._recognition.run(audio, full_window=action.full_window)
        except AssistantError as error:
            log.warning("recognition failed in turn %d: %s", self.number, error)
            self._error = error
            self._found = NOTHING
            self._do(self._plan.recognised(action.length, NOTHING, stable=False, stopped=False))
            return
        self._error = None
        self._found = done.found
        self._observe(done)
        if self._plan.in_pause:
            self._moments["transcript"] = anyio.current_time()
            if not self._committed:
                self._patience.understood(done.found.text)
        elif not done.stopped:
            self._told.emit(
                PartialTranscript(turn=self.number, stable=done.partial.stable, tentative=done.partial.tentative)
            )
        self._do(self._plan.recognised(action.length, done.found, stable=done.stable, stopped=done.stopped))
        if not done.stopped:
            self._understood(self)

    def _observe(self, done: Pass) -> None:
        late, self._late_blocks_before = self._late_blocks - self._late_blocks_before, self._late_blocks
        if done.stopped or not self._load.observe(done.found.seconds, late):
            return
        self._plan.effort = self._load.effort
        self._told.emit(LoadShed(turn=self.number, effort=self._load.effort.name.lower()))

    async def _judge(self, speech_end: int) -> None:
        """Let the end-of-turn model look at the silence since `speech_end` as often as it helps."""
        model = self._engines.end_of_turn
        look_at = speech_end + samples(FIRST_LOOK_MS)
        while model is not None and self._patience.wants_look:
            await self._utterance.reaches(look_at)
            audio = self._utterance.audio
            try:
                self._patience.judged(await self._look(model, audio))
            except AssistantError as error:
                log.warning("the end of turn %d is decided by silence: %s", self.number, error)
                return
            look_at = len(audio) + BLOCK

    async def _look(self, model: EndOfTurn, audio: Samples) -> float:
        async with self._engines.judging:
            return await blocking.call(lambda stop: model.probability(audio), name="judgement")

    def _prepare(self, words: str) -> None:
        """Have the language model read `words`; what it reads already comes first."""
        if self._reading is None:
            self._reading = self._start(partial(self._read, words))

    async def _read(self, words: str) -> None:
        model = self._engines.model
        said = words.rstrip(".?!…-,")  # what the speaker goes on with decides how it ends
        try:
            async with self._engines.generating:
                await blocking.call(
                    lambda stop: model.generate(
                        self._parts.history.prompt(said, model.count_tokens),
                        max_tokens=0,
                        emit=lambda _: None,
                        stop=stop,
                    ),
                    name="reading",
                )
        except AssistantError as error:
            log.debug("reading ahead: %s", error)  # the answer will tell, if it meets the same
        finally:
            self._reading = None

    def _answer(self, words: str) -> None:
        if self._reading is not None:
            self._reading.cancel()
        if self._is_dismissal(words):
            return
        self._spent.revision_begins()
        self._answering = self._start(partial(self._begin_revision().run, words))

    def _say(self, phrase: str) -> None:
        self._answering = self._start(partial(self._begin_revision().say, phrase))

    def _begin_revision(self) -> Revision:
        self._revision = Revision(self.number, self._parts, Gate(self._told.emit))
        if self._held_back:
            self._revision.hold()
        return self._revision

    def _is_dismissal(self, words: str) -> bool:
        return remark(words, self._found.language) in {Remark.STOP, Remark.DISMISSAL}

    def _withdraw(self) -> None:
        if self._revision is None:
            return
        self._answering.cancel()
        self._revision = None
        self._spent.revision_is_void()

    def _release(self, words: str) -> None:
        """The words are certain and the user has finished."""
        if self._reading is not None:
            self._reading.cancel()
        self._told.emit(FinalTranscript(turn=self.number, text=words, language=self._found.language))
        if not words:
            self._end = End.NOTHING
            if self._ask_again and self._error is None:
                self._say(self._ask_again)
        elif self._is_dismissal(words):
            self._end = End.DISMISSED
        if self._revision is not None:
            self._revision.gate.open()
        self._released.set()

    def _finish(self) -> None:
        outcome = self.outcome
        error = self._error or outcome.error
        if self._end is End.REOPENED:
            pass  # the question is asked anew, as a whole
        elif outcome.heard and error is None and self._found.text:
            self._parts.history.add(self._found.text, outcome.heard)
        if error is not None:
            self._told.emit(Error(turn=self.number, code=error.code, message=error.message))
        self._told.emit(self._summary(outcome, error))

    def _summary(self, outcome: Outcome, error: AssistantError | None) -> TurnFinished:
        moments = {**self._moments, **outcome.moments}
        speech_end = moments.pop("speech_end")
        marks = {name: round((moment - speech_end) * 1000, 1) for name, moment in moments.items()}
        usage = outcome.usage
        return TurnFinished(
            turn=self.number,
            transcript=self._found.text,
            language=self._found.language,
            reply=outcome.reply,
            spoken=" ".join(clause.text for clause in outcome.clauses),
            heard=outcome.heard,
            marks_ms=Marks(**marks),
            audio_s=round(outcome.spoken_samples / self._engines.voice.sample_rate, 3),
            tokens_reused=usage.reused if usage is not None else 0,
            tokens_evaluated=usage.evaluated if usage is not None else 0,
            work_s={
                "asr": round(self._found.seconds, 3),
                **{stage: round(seconds, 3) for stage, seconds in outcome.work_s.items()},
            },
            revisions=self._spent.revisions,
            wasted_cpu_s=round(self._spent.wasted_s, 3),
            listening_cores=round(self._spent.listening_cores, 3),
            late_blocks=self._late_blocks,
            effort=self._load.effort.name.lower(),
            end=self._end.value,
            error=error.code if error is not None else None,
            total_s=round(anyio.current_time() - speech_end, 3),
        )
