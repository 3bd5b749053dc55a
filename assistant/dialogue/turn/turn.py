"""One turn: from the onset of the user's speech until the answer has been played or given up."""

from collections.abc import Callable, Sequence

import anyio
from anyio.abc import TaskGroup, TaskStatus

from assistant.audio.pcm import LISTENING_RATE, AudioBlock
from assistant.dialogue.context import Context
from assistant.dialogue.listening.recognition import NOTHING, Pass
from assistant.dialogue.speaking.gate import Gate
from assistant.dialogue.speaking.outcome import Outcome
from assistant.dialogue.turn.attempts import Attempts
from assistant.dialogue.turn.ending import TurnEnd
from assistant.dialogue.turn.listening import Listening
from assistant.dialogue.turn.load import Load
from assistant.dialogue.turn.report import Asked, turn_finished
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
from assistant.errors import AssistantError
from assistant.events import Error, Event, FinalTranscript, LoadShed, PartialTranscript, SpeechEnded
from assistant.language.remarks import Remark, remark
from assistant.turns.endpointing import Endpointing
from assistant.turns.segmenter import Committed, SoftEnd, samples


class Turn:
    """Driven by `hear`, `soft_end`, `resume` and `commit`, in the order of the segmenter's signals.

    Decides nothing itself: the plan does, and the turn has listening and attempts carry out what it says. Everything it
    starts belongs to the task that awaits `run`; cancelling that task leaves nothing behind.

    It has more methods than most classes: it is the face of a turn for the conversation, which drives it,
    and a `Speaker` for the stack.
    """

    def __init__(
        self,
        number: int,
        context: Context,
        *,
        endpointing: Endpointing,
        load: Load,
        held: bool = False,
        ask_again: str = "",
        understood: Callable[["Turn"], None] = lambda turn: None,
    ) -> None:
        """`held`: it is not certain yet that the turn is for the assistant; it is recognised, and nothing is emitted or
        answered until `admit`. `ask_again` is said when no words are recognised. `understood` is called whenever
        recognition has found `words`, or has failed to."""
        self.number = number
        self._context = context
        self._endpointing = endpointing
        self._load = load
        self._ask_again = ask_again
        self._understood = understood
        self._admission = Gate(context.emit)
        self._listening = Listening(number, context, endpointing, load)
        asr = context.config.asr
        interval = samples(asr.partial_interval_ms) if asr.partials else None
        self._plan = Plan(interval, load.effort, beside=context.engines.answers_beside_recognition, held=held)
        self._moments: dict[str, float] = {}
        self._judging = anyio.CancelScope()
        self._life = anyio.CancelScope()
        """Of everything that the turn has started, and will yet start."""
        self._released = anyio.Event()
        self._tasks: TaskGroup
        self._attempts: Attempts
        self._committed = False
        self._end = TurnEnd.ANSWERED
        self.is_held = held
        if not held:
            self._admission.open()

    @property
    def start(self) -> int:
        """The sample of the audio clock that the utterance begins with."""
        return self._listening.start

    @property
    def words(self) -> str:
        """What recognition made of the utterance last."""
        return self._listening.found.text

    @property
    def language(self) -> str:
        return self._listening.found.language

    @property
    def error(self) -> AssistantError | None:
        """Why recognition failed last."""
        return self._listening.error

    @property
    def is_understood(self) -> bool:
        """The user is silent, and `words` are all that was said so far."""
        return self._plan.is_certain

    @property
    def end_of_audio(self) -> int:
        """The sample of the audio clock up to which the turn has audio."""
        return self._listening.start + self._listening.length

    @property
    def is_committed(self) -> bool:
        return self._committed

    @property
    def end(self) -> TurnEnd:
        """How the turn ended, once `run` has returned."""
        return self._end

    @property
    def can_reopen(self) -> bool:
        """Whether the user may go on with the question: not once something was done that cannot be undone, nor after
        the answer was given up."""
        return not self._is_given_up and self._attempts.can_reopen

    @property
    def playing_since(self) -> float | None:
        """Monotonic time since which the answer can be heard; None before that."""
        return self._attempts.playing_since

    @property
    def spoken(self) -> str:
        """What of the answer has been synthesised so far."""
        return self._attempts.spoken

    @property
    def outcome(self) -> Outcome:
        """What became of the answer so far."""
        return self._attempts.outcome

    async def run(self, first: list[AudioBlock], task_status: TaskStatus[None]) -> None:
        """Live through the turn, beginning with the audio before its onset; `task_status` says when it can be driven.

        What fails is an event. Returns when the answer is over and its effects are done, or undone.
        """
        with self._life:
            async with anyio.create_task_group() as self._tasks:
                self._attempts = Attempts(self.number, self._context, self._admission, self._tasks)
                self._listening.begin(first)
                self._plan.begun(self._listening.length)
                task_status.started()
                await self._released.wait()
        if self._end is not TurnEnd.DISCARDED:
            self._finish()

    def hear(self, block: AudioBlock, *, late: bool = False, falling: bool = False) -> None:
        """Take the next block of the user's speech, or of the silence after it.

        `late` if voice activity got it late, `falling` if the voice may just be fading.
        """
        self._listening.append(block, late=late)
        self._do(self._plan.grown(self._listening.length, falling=falling))

    def soft_end(self, signal: SoftEnd, block: AudioBlock) -> None:
        """Prepare an answer behind a closed gate: the user may have finished."""
        self._moments["speech_end"] = block.moment(signal.speech_end)
        self._moments["soft_end"] = block.captured_at
        self._attempts.processor_time.stop_listening()
        speech_end = self._listening.length - (block.end - signal.speech_end)
        self._do(self._plan.paused(speech_end))
        self._judging = anyio.CancelScope()
        self._tasks.start_soon(self._judge, self._judging, speech_end)

    def resume(self) -> None:
        """Withdraw what was prepared: the user had not finished."""
        self._judging.cancel()
        self._listening.error = None
        self._do(self._plan.resumed())

    def commit(self, signal: Committed, block: AudioBlock) -> None:
        """Let the answer through: the user has finished."""
        self._committed = True
        self._judging.cancel()
        self._moments["speech_end"] = block.moment(signal.speech_end)
        self._moments["commit"] = block.captured_at
        self._admission.emit(SpeechEnded(turn=self.number, at_s=signal.speech_end / LISTENING_RATE))
        self._do(self._plan.committed())

    def emit(self, event: Event) -> None:
        """Emit `event`, once it is certain that the turn is for the assistant."""
        self._admission.emit(event)

    def admit(self) -> None:
        """Emit its events and answer it: the turn is for the assistant."""
        self.is_held = False
        self._admission.open()
        self._do(self._plan.admitted())

    def discard(self) -> None:
        """End it and emit nothing: the turn is not for the assistant."""
        self._end = TurnEnd.DISCARDED
        self._released.set()
        self._life.cancel()

    def interrupt(self, end: TurnEnd) -> None:
        """Give the answer up at once; what was heard of it goes into the history, unless the turn is reopened.

        Once is enough: an effect that is still at work keeps the turn, and why that was given up stays as it is.
        """
        if self._is_given_up:
            return
        self._end = end
        self._judging.cancel()
        self._attempts.interrupt(end)
        self._released.set()

    def lower(self, gain: float) -> None:
        """As `Speaker.lower`."""
        self._attempts.lower(gain)

    def hold(self) -> None:
        """As `Speaker.hold`, also for an answer that is begun later."""
        self._attempts.hold()

    def restore(self) -> None:
        """As `Speaker.restore`."""
        self._attempts.restore()

    @property
    def _is_given_up(self) -> bool:
        return self._end in {TurnEnd.INTERRUPTED, TurnEnd.REOPENED, TurnEnd.DISCARDED}

    def _do(self, actions: Sequence[Action]) -> None:
        """Carry out what the plan says, unless the turn was given up."""
        if self._end is not TurnEnd.ANSWERED:
            return
        for action in actions:
            match action:
                case Recognise():
                    self._tasks.start_soon(self._recognise, action)
                case StopRecognising():
                    self._listening.end_early()
                case Prepare(words=words):
                    self._attempts.read(self._context.question(words, language=self.language))
                case Answer(words=words):
                    self._answer(words)
                case Withdraw():
                    self._attempts.withdraw()
                case Release(words=words):
                    self._release(words)

    async def _recognise(self, action: Recognise) -> None:
        length = action.length
        done = await self._listening.recognise(length, full_window=action.full_window, deadline=self._waiting_since)
        if done is None:
            self._do(self._plan.recognised(length, NOTHING, stable=False, stopped=False))
            self._understood(self)
            return
        self._report_load(done)
        if self._plan.in_pause:
            self._moments["transcript"] = anyio.current_time()
            if not self._committed:
                self._endpointing.understood(done.found.text)
        elif not done.stopped:
            self._admission.emit(
                PartialTranscript(turn=self.number, stable=done.partial.stable, tentative=done.partial.tentative)
            )
        self._do(self._plan.recognised(length, done.found, stable=done.stable, stopped=done.stopped))
        if not done.stopped:
            self._understood(self)

    @property
    def _waiting_since(self) -> float | None:
        """The moment since which the user waits for an answer; None while speaking."""
        return self._moments["speech_end"] if self._plan.in_pause else None

    def _report_load(self, done: Pass) -> None:
        if self._listening.is_shed(done):
            self._plan.effort = self._load.effort
            self._admission.emit(LoadShed(turn=self.number, effort=self._load.effort.name.lower()))

    async def _judge(self, scope: anyio.CancelScope, speech_end: int) -> None:
        with scope:
            await self._listening.judge(speech_end)

    def _answer(self, words: str) -> None:
        if self._is_dismissal(words):
            self._attempts.withdraw()
            self._attempts.stop_reading()
            return
        question = self._context.question(words, language=self.language, deadline=self._waiting_since)
        self._attempts.answer(question)

    def _is_dismissal(self, words: str) -> bool:
        return remark(words, self.language) in {Remark.STOP, Remark.DISMISSAL}

    def _release(self, words: str) -> None:
        """Let the answer through, or end without one: the words are certain, and the user has finished."""
        self._attempts.stop_reading()
        self._admission.emit(
            FinalTranscript(
                turn=self.number, text=words, language=self.language, doubtful=self._listening.found.doubtful
            )
        )
        if not words:
            self._end = TurnEnd.NOTHING
            if self._ask_again and self._listening.error is None:
                self._attempts.say(self._ask_again)
        elif self._is_dismissal(words):
            self._end = TurnEnd.DISMISSED
        self._attempts.release()
        self._released.set()

    def _finish(self) -> None:
        outcome = self.outcome
        error = self._listening.error or outcome.error
        if self._end is TurnEnd.REOPENED:
            pass  # the question is asked anew, as a whole
        elif outcome.heard and error is None and self.words:
            self._context.history.add(self.words, outcome.heard)
        if error is not None:
            self._admission.emit(Error(turn=self.number, code=error.code, message=error.message))
        moments = dict(self._moments)
        used = self._attempts.processor_time
        asked = Asked(
            turn=self.number,
            transcript=self.words,
            language=self.language,
            ended_at=moments.pop("speech_end"),
            moments=moments,
            recognition_s=self._listening.found.seconds,
            revisions=used.revisions,
            wasted_s=used.wasted_s,
            listening_cores=used.listening_cores,
            late_blocks=self._listening.late_blocks,
            effort=self._load.effort.name.lower(),
        )
        rate = self._context.engines.voice.sample_rate
        self._admission.emit(turn_finished(asked, outcome, self._end, error, rate))
