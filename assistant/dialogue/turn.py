"""One turn: from the onset of the user's speech until the answer has been played or given up."""

import logging
from collections.abc import Awaitable, Callable
from functools import partial

import anyio
from anyio.abc import TaskGroup, TaskStatus

from assistant import blocking
from assistant.asr.streaming import StreamingTranscriber
from assistant.audio.base import AudioSink
from assistant.audio.pcm import LISTENING_RATE, AudioBlock, Samples
from assistant.config import Config
from assistant.dialogue.engines import Engines
from assistant.dialogue.gate import Gate
from assistant.dialogue.revision import Outcome, Revision
from assistant.dialogue.utterance import Utterance
from assistant.errors import AssistantError, Code, single_error
from assistant.events import Emitter, Error, Marks, PartialTranscript, SpeechEnded, TurnFinished
from assistant.llm.history import History
from assistant.turns.segmenter import Committed, SoftEnd

log = logging.getLogger(__name__)


class Turn:
    """Told what happens through `hear`, `soft_end`, `resume` and `commit`, in the order of the segmenter's signals.

    Everything it starts belongs to the task that awaits `run`; cancelling that task leaves nothing behind.
    """

    def __init__(
        self, number: int, engines: Engines, config: Config, history: History, sink: AudioSink, emit: Emitter
    ) -> None:
        self._number = number
        self._engines = engines
        self._config = config
        self._history = history
        self._sink = sink
        self._emit = emit
        turns = config.turns
        self._utterance = Utterance(turns.max_utterance_s + 1 + (turns.pre_roll_ms + turns.endpoint_ms) / 1000)
        language = None if config.asr.language == "auto" else config.asr.language
        self._transcriber = StreamingTranscriber(engines.recognizer, language)
        self._committed = anyio.Event()
        self._moments: dict[str, float] = {}
        self._revision: Revision | None = None
        self._error: AssistantError | None = None
        self._attempt = anyio.CancelScope()
        self._tasks: TaskGroup

    async def run(self, first: list[AudioBlock], task_status: TaskStatus[None]) -> None:
        """Live through the turn, beginning with the audio before its onset; `task_status` says when it can be told.

        An engine that fails is an event. Raises `AssistantError` (`device.failed`) when the loudspeaker does.
        """
        for block in first:
            self.hear(block)
        async with anyio.create_task_group() as self._tasks:
            self._attempt_next(self._report_partials)
            task_status.started()
            await self._committed.wait()
        self._finish()

    def hear(self, block: AudioBlock) -> None:
        self._utterance.append(block.samples)

    def soft_end(self, signal: SoftEnd, block: AudioBlock) -> None:
        """The user may have finished: prepare the answer behind a closed gate."""
        self._moments["speech_end"] = block.moment(signal.speech_end)
        self._moments["soft_end"] = block.captured_at
        gate = Gate(self._emit)
        self._revision = Revision(self._number, self._engines, self._config, self._history, self._sink, gate)
        self._error = None
        self._attempt_next(partial(self._answer, self._revision, self._utterance.audio))

    def resume(self) -> None:
        """The user had not finished: what was prepared is void."""
        self._revision = None
        self._attempt_next(self._report_partials)

    def commit(self, signal: Committed, block: AudioBlock) -> None:
        """The user has finished: let the answer through."""
        self._moments["speech_end"] = block.moment(signal.speech_end)
        self._moments["commit"] = block.captured_at
        self._emit(SpeechEnded(turn=self._number, at_s=signal.speech_end / LISTENING_RATE))
        if self._revision is not None:
            self._revision.gate.open()
        self._committed.set()

    def _attempt_next(self, work: Callable[[], Awaitable[None]]) -> None:
        """Cancel what is being attempted and attempt `work` instead."""
        self._attempt.cancel()
        self._attempt = anyio.CancelScope()
        self._tasks.start_soon(self._within, self._attempt, work)

    @staticmethod
    async def _within(scope: anyio.CancelScope, work: Callable[[], Awaitable[None]]) -> None:
        with scope:
            await work()

    async def _answer(self, revision: Revision, audio: Samples) -> None:
        try:
            with single_error():
                await revision.run(lambda stop: self._transcriber.final(audio, stop))
        except AssistantError as error:
            if error.code is Code.DEVICE_FAILED:
                raise  # nobody would hear the next answer either
            self._error = error

    async def _report_partials(self) -> None:
        """While the user speaks: a pass whenever enough new audio has come; never two at once, never a queue."""
        if not self._config.asr.partials:
            return
        step = self._config.asr.partial_interval_ms * LISTENING_RATE // 1000
        while True:
            await self._utterance.reaches(len(self._utterance.audio) + step)
            audio = self._utterance.audio
            try:
                async with self._engines.recognizing:
                    found = await blocking.call(partial(self._transcriber.attempt, audio), name="recognition")
            except AssistantError as error:
                log.warning("no more partial transcripts in turn %d: %s", self._number, error)
                return
            self._emit(PartialTranscript(turn=self._number, stable=found.stable, tentative=found.tentative))

    def _finish(self) -> None:
        outcome = self._revision.outcome if self._revision is not None else Outcome()
        transcript = outcome.transcription.text if outcome.transcription is not None else ""
        if outcome.heard:
            self._history.add(transcript, outcome.heard)
        if self._error is not None:
            self._emit(Error(turn=self._number, code=self._error.code, message=self._error.message))
        self._emit(self._summary(outcome, transcript))

    def _summary(self, outcome: Outcome, transcript: str) -> TurnFinished:
        moments = {**self._moments, **outcome.moments}
        speech_end = moments.pop("speech_end")
        marks = {name: round((moment - speech_end) * 1000, 1) for name, moment in moments.items()}
        usage = outcome.usage
        return TurnFinished(
            turn=self._number,
            transcript=transcript,
            language=outcome.transcription.language if outcome.transcription is not None else "",
            reply=outcome.reply,
            spoken=" ".join(clause.text for clause in outcome.clauses),
            heard=outcome.heard,
            marks_ms=Marks(**marks),
            audio_s=round(outcome.spoken_samples / self._engines.voice.sample_rate, 3),
            tokens_reused=usage.reused if usage is not None else 0,
            tokens_evaluated=usage.evaluated if usage is not None else 0,
            work_s={stage: round(seconds, 3) for stage, seconds in outcome.work_s.items()},
            error=self._error.code if self._error is not None else None,
        )
