"""The baseline: the same models one after another, as in a pipeline without overlap or speculation.

A silence of 0.7 s ends the turn; then Whisper recognises on its full 30 s window; then the language model generates the
whole reply; then its first sentence is synthesised and played. Only one engine runs at a time, so each may use every
core.
"""

import math
import time
from contextlib import aclosing
from functools import partial

import anyio
import numpy as np

from assistant.answers.prompt import PromptBuilder
from assistant.asr.base import SpeechRecognizer, Transcription
from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.audio.simulated.paced import PERIOD_S
from assistant.audio.simulated.recording import Recording
from assistant.blocking import StopFlag
from assistant.config.schema import Config, Turns
from assistant.dialogue.listening.utterance import PreRoll, ScoredBlock
from assistant.engines.engines import Engines
from assistant.errors import AssistantError, Code
from assistant.events import Marks, TurnFinished
from assistant.host.budget import Budget
from assistant.rooms.recorded_question import since
from assistant.tts.base import SpeechSynthesizer
from assistant.tts.clauses import ClauseCutter
from assistant.tts.normalisation import TextNormaliser
from assistant.turns.segmenter import Committed, Segmenter, SpeechStarted, samples

ENDPOINT_MS = 700
"""Silence that ends a turn. Frameworks default to 0.5 to 1 s."""


def budget(cores: int) -> Budget:
    """Return the threads of each stage when only one stage runs at a time, on `cores` cores."""
    wide = max(1, min(cores, 8))
    return Budget(
        recognition=wide,
        prompt=wide,
        generation=wide,
        synthesis=wide,
        judgement=1,
        answers_beside_recognition=False,
    )


async def ask(engines: Engines, config: Config, question: Samples, true_speech_end_s: float | None) -> TurnFinished:
    """Play `question` (16 kHz) in real time and answer it; the counterpart of `assistant.rooms.recorded_question.ask`.

    Raises `AssistantError`: `audio.no_speech`, or what an engine raises.
    """
    turn = _SequentialTurn(engines, config)
    speech, end_s = await turn.listen(question)
    found = await turn.recognise(speech)
    reply = await turn.generate(found.text) if found.text else ""
    spoken_samples = await turn.synthesise(reply) if reply else 0
    finished = TurnFinished(
        turn=1,
        transcript=found.text,
        language=found.language,
        reply=reply,
        spoken=reply,
        heard=reply,
        marks_ms=turn.marks(),
        audio_s=round(spoken_samples / engines.voice.sample_rate, 3),
        tokens_reused=0,
        tokens_evaluated=0,
        work_s={"asr": round(found.seconds, 3), "llm": 0.0, "tts": 0.0},
    )
    return since((end_s if true_speech_end_s is None else true_speech_end_s) - end_s, finished)


class _SequentialTurn:
    """Takes one turn stage by stage, and notes when each is done."""

    def __init__(self, engines: Engines, config: Config) -> None:
        self._engines = engines
        self._config = config
        self._marked_at: dict[str, float] = {}
        self._speech_end = 0.0

    def marks(self) -> Marks:
        """Return the marks in milliseconds after the end of speech."""
        marks = {name: round((moment - self._speech_end) * 1000, 1) for name, moment in self._marked_at.items()}
        return Marks(**marks)

    async def listen(self, question: Samples) -> tuple[Samples, float]:
        """Return the speech in `question`, and the second at which it ends."""
        turns = Turns(mode="silence", endpoint_ms=ENDPOINT_MS, pre_roll_ms=self._config.turns.pre_roll_ms)
        segmenter, pre_roll = Segmenter(turns), PreRoll(turns.max_utterance_s)
        activity = (await self._engines.detectors(None)).activity
        heard: list[Samples] | None = None
        async with aclosing(Recording(question).blocks()) as blocks:
            async for block in blocks:
                probability = activity.probability(block.samples)
                if heard is None:
                    pre_roll.push(ScoredBlock(block, probability))
                else:
                    heard.append(block.samples)
                for signal in segmenter.feed(probability, block.start, block.end):
                    match signal:
                        case SpeechStarted(onset=onset):
                            first = pre_roll.between(onset - samples(turns.pre_roll_ms), block.end)
                            heard = [earlier.block.samples for earlier in first]
                        case Committed(speech_end=end) if heard is not None:
                            self._speech_end = block.moment(end)
                            self._marked_at["commit"] = self._marked_at["soft_end"] = block.captured_at
                            return np.concatenate(heard), end / LISTENING_RATE
                if heard is None and block.start > len(question) + LISTENING_RATE:
                    break
        raise AssistantError(Code.AUDIO_NO_SPEECH, "no speech was found in the recording; listen to it")

    async def recognise(self, speech: Samples) -> Transcription:
        """Transcribe `speech` on Whisper's full window."""
        language = self._config.asr.given_language

        def work(recognizer: SpeechRecognizer, stop: StopFlag) -> Transcription:
            return recognizer.transcribe(speech, language=language, stop=stop, full_window=True)

        found = await self._engines.recognition.call(work, name="recognition")
        self._marked_at["transcript"] = self._marked_at["revision"] = anyio.current_time()
        return found

    async def generate(self, question: str) -> str:
        """Return the whole reply to `question`."""
        prompts = PromptBuilder(self._config.llm)
        generation = self._engines.generation.generate(
            lambda count: prompts.build((), question, count).messages,
            max_tokens=self._config.llm.max_reply_tokens,
        )
        reply = ""
        async with aclosing(generation.pieces()) as pieces:
            async for piece in pieces:
                self._marked_at.setdefault("first_token", time.monotonic())
                reply += piece
        return reply

    async def synthesise(self, reply: str) -> int:
        """Synthesise `reply` sentence by sentence; return the number of samples.

        Playback begins when the first sentence is complete.
        """
        total = 0
        for sentence in _sentences(reply, self._engines.voice.language):
            total += await self._engines.synthesis.call(partial(_length, sentence), name="synthesis")
            if total and "first_audio" not in self._marked_at:
                self._marked_at["first_audio"] = now = anyio.current_time()
                self._marked_at["playback"] = math.ceil(now / PERIOD_S) * PERIOD_S
        return total


def _length(text: str, voice: SpeechSynthesizer, stop: StopFlag) -> int:
    """Synthesise `text`; return the number of samples."""
    pieces: list[Samples] = []
    voice.synthesize(text, emit=pieces.append, stop=stop)
    return sum(map(len, pieces))


def _sentences(reply: str, language: str) -> list[str]:
    normaliser, cutter = TextNormaliser(language), ClauseCutter(language)
    clauses = [*cutter.feed(normaliser.feed(reply) + normaliser.flush()), *cutter.flush()]
    sentences, sentence = [], ""
    for clause in clauses:
        sentence = f"{sentence} {clause.text}".strip()
        if clause.ends_sentence:
            sentences.append(sentence)
            sentence = ""
    return [*sentences, sentence] if sentence else sentences
