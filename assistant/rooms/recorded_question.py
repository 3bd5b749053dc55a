"""One recorded question through the whole pipeline in real time: what the demonstration and the benchmark run."""

from dataclasses import dataclass

import anyio
import msgspec

from assistant.answers.order import build_responders
from assistant.answers.skills.house import House
from assistant.audio.base import AudioSink
from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.audio.simulated.recorder import ReplyRecorder
from assistant.audio.simulated.recording import Recording
from assistant.config.schema import Config
from assistant.dialogue.turn.ending import TurnEnd
from assistant.engines.engines import Engines
from assistant.errors import AssistantError, Code, single_error
from assistant.events import Emitter, Event, Listening, Marks, SpeechEnded, TurnFinished
from assistant.rooms.registry import Rooms
from assistant.rooms.shared import Shared

GRACE_S = 2.0
"""Silence after the recording and its endpoint before it is certain that nothing in it was speech."""


@dataclass(frozen=True)
class Answer:
    """What became of a recorded question."""

    turn: TurnFinished
    """The turn that answered it."""
    speech_end_s: float
    """The end of speech that the marks are relative to, in seconds of the recording."""
    premature: tuple[TurnFinished, ...]
    """The turns before it, that ended in a pause and were reopened. Their marks are relative to the same moment."""
    question_s: float
    """Length of the recording."""
    audio: Samples
    """What the loudspeaker would have played, from its first sample on."""
    rate: int


async def ask(
    engines: Engines,
    config: Config,
    question: Samples,
    *,
    emit: Emitter,
    true_speech_end_s: float | None = None,
    sink: AudioSink | None = None,
) -> Answer:
    """Play `question` (16 kHz) to a fresh conversation and return the first turn that nothing goes on with.

    Marks are relative to `true_speech_end_s` if it is known, else to the end that voice activity found. The answer is
    recorded in real time, unless another `sink` takes it; then `Answer.audio` is empty. Raises
    `AssistantError` (`audio.no_speech`) when nothing in the recording begins a turn. No wake word is needed.
    """
    config = msgspec.structs.replace(config, wake="none")
    recorder = ReplyRecorder()
    ears = _Ears(emit)
    house = House()
    rooms = Rooms(Shared(engines, build_responders(config, engines, house), ears.take, house=house), config)
    with single_error():
        async with rooms.open("recording", Recording(question), sink or recorder):
            with anyio.move_on_after(len(question) / LISTENING_RATE + config.turns.longest_silence_ms / 1000 + GRACE_S):
                await ears.ended.wait()
            if ears.ended.is_set():
                await ears.finished.wait()
    if not ears.turns:
        raise AssistantError(Code.AUDIO_NO_SPEECH, "no speech was found in the recording; check what it holds")
    end = ears.speech_ends[ears.turns[-1].turn] if true_speech_end_s is None else true_speech_end_s
    *premature, turn = (since(end - ears.speech_ends.get(turn.turn, end), turn) for turn in ears.turns)
    return Answer(turn, end, tuple(premature), len(question) / LISTENING_RATE, recorder.samples, recorder.rate)


class _Ears:
    """Watches the events of a conversation for the end of its first question."""

    def __init__(self, emit: Emitter) -> None:
        self._emit = emit
        self.ended = anyio.Event()
        self.finished = anyio.Event()
        self.speech_ends: dict[int, float] = {}
        """Seconds of the recording at which each turn's speech ended."""
        self.turns: list[TurnFinished] = []

    def take(self, event: Event) -> None:
        self._emit(event)
        if isinstance(event, SpeechEnded):
            self.speech_ends[event.turn] = event.at_s
            self.ended.set()
        elif isinstance(event, TurnFinished) and not self.finished.is_set():
            self.turns.append(event)
            if event.end != TurnEnd.REOPENED:
                self.finished.set()
        elif isinstance(event, Listening) and self.turns:
            self.finished.set()  # what seemed to go on with the question meant nothing


def since(later_s: float, turn: TurnFinished) -> TurnFinished:
    """Count the marks of `turn` from `later_s` seconds after the end of speech that it was counted from."""
    marks = {
        name: round(ms - later_s * 1000, 1)
        for name, ms in msgspec.structs.asdict(turn.marks_ms).items()
        if ms is not None
    }
    return msgspec.structs.replace(turn, marks_ms=Marks(**marks))
