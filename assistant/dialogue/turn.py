"""One turn: from the onset of the user's speech until the answer has been played or given up."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import anyio
from anyio.abc import TaskGroup, TaskStatus

from assistant import blocking
from assistant.audio.base import AudioSink
from assistant.audio.pcm import BLOCK, LISTENING_RATE, AudioBlock, Samples
from assistant.config import Config
from assistant.dialogue.engines import Engines
from assistant.dialogue.gate import Gate
from assistant.dialogue.load import Load
from assistant.dialogue.plan import Action, Answer, Plan, Prepare, Recognise, Release, StopRecognising, Withdraw
from assistant.dialogue.recognition import NOTHING, Pass, Recognition
from assistant.dialogue.revision import Outcome, Revision
from assistant.dialogue.spent import Spent
from assistant.dialogue.utterance import Utterance
from assistant.errors import AssistantError
from assistant.events import (
    Emitter,
    Error,
    FinalTranscript,
    LoadShed,
    Marks,
    PartialTranscript,
    SpeechEnded,
    TurnFinished,
)
from assistant.llm.history import History
from assistant.turns.base import EndOfTurn
from assistant.turns.patience import Patience
from assistant.turns.segmenter import Committed, SoftEnd, samples

log = logging.getLogger(__name__)

FIRST_LOOK_MS = 128
"""Silence after which the end-of-turn model has its first look: early enough to have answered before `complete_ms`."""


class Turn:
    """Told what happens through `hear`, `soft_end`, `resume` and `commit`, in the order of the segmenter's signals.

    Decides nothing itself: the plan does, and the turn carries out what it says. Everything it starts belongs to the
    task that awaits `run`; cancelling that task leaves nothing behind.
    """

    def __init__(
        self,
        number: int,
        engines: Engines,
        config: Config,
        history: History,
        sink: AudioSink,
        emit: Emitter,
        *,
        patience: Patience,
        load: Load,
    ) -> None:
        self._number = number
        self._engines = engines
        self._config = config
        self._history = history
        self._sink = sink
        self._emit = emit
        self._patience = patience
        self._load = load
        turns, asr = config.turns, config.asr
        self._utterance = Utterance(turns.max_utterance_s + 1 + (turns.pre_roll_ms + turns.longest_silence_ms) / 1000)
        language = None if asr.language == "auto" else asr.language
        self._recognition = Recognition(engines.recognizer, engines.recognizing, language)
        interval = samples(asr.partial_interval_ms) if asr.partials else None
        self._plan = Plan(interval, load.effort, beside=engines.answers_beside_recognition)
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

    async def run(self, first: list[AudioBlock], task_status: TaskStatus[None]) -> None:
        """Live through the turn, beginning with the audio before its onset; `task_status` says when it can be told.

        An engine that fails is an event. Raises `AssistantError` (`device.failed`) when the loudspeaker does.
        """
        async with anyio.create_task_group() as self._tasks:
            for block in first:
                self._utterance.append(block.samples)
            self._plan.begun(len(self._utterance.audio))
            task_status.started()
            await self._released.wait()
        self._finish()

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
        self._judging.cancel()
        self._moments["speech_end"] = block.moment(signal.speech_end)
        self._moments["commit"] = block.captured_at
        self._emit(SpeechEnded(turn=self._number, at_s=signal.speech_end / LISTENING_RATE))
        self._do(self._plan.committed())

    def _do(self, actions: Sequence[Action]) -> None:
        """Carry out what the plan says."""
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
            log.warning("recognition failed in turn %d: %s", self._number, error)
            self._error = error
            self._found = NOTHING
            self._do(self._plan.recognised(action.length, NOTHING, stable=False, stopped=False))
            return
        self._error = None
        self._found = done.found
        self._observe(done)
        if self._plan.in_pause:
            self._moments["transcript"] = anyio.current_time()
            self._patience.understood(done.found.text)
        elif not done.stopped:
            self._emit(
                PartialTranscript(turn=self._number, stable=done.partial.stable, tentative=done.partial.tentative)
            )
        self._do(self._plan.recognised(action.length, done.found, stable=done.stable, stopped=done.stopped))

    def _observe(self, done: Pass) -> None:
        late, self._late_blocks_before = self._late_blocks - self._late_blocks_before, self._late_blocks
        if done.stopped or not self._load.observe(done.found.seconds, late):
            return
        self._plan.effort = self._load.effort
        self._emit(LoadShed(turn=self._number, effort=self._load.effort.name.lower()))

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
                log.warning("the end of turn %d is decided by silence: %s", self._number, error)
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
                        self._history.prompt(said, model.count_tokens), max_tokens=0, emit=lambda _: None, stop=stop
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
        self._spent.revision_begins()
        gate = Gate(self._emit)
        self._revision = Revision(self._number, self._engines, self._config, self._history, self._sink, gate)
        self._answering = self._start(partial(self._revision.run, words))

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
        self._emit(FinalTranscript(turn=self._number, text=words, language=self._found.language))
        if self._revision is not None:
            self._revision.gate.open()
        self._released.set()

    def _finish(self) -> None:
        outcome = self._revision.outcome if self._revision is not None else Outcome()
        error = self._error or outcome.error
        if outcome.heard and error is None:
            self._history.add(self._found.text, outcome.heard)
        if error is not None:
            self._emit(Error(turn=self._number, code=error.code, message=error.message))
        self._emit(self._summary(outcome, error))

    def _summary(self, outcome: Outcome, error: AssistantError | None) -> TurnFinished:
        moments = {**self._moments, **outcome.moments}
        speech_end = moments.pop("speech_end")
        marks = {name: round((moment - speech_end) * 1000, 1) for name, moment in moments.items()}
        usage = outcome.usage
        return TurnFinished(
            turn=self._number,
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
            error=error.code if error is not None else None,
        )
