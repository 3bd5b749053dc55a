"""The engines a conversation uses, loaded once and shared, with a lock each because their calls must not overlap."""

from dataclasses import dataclass, field, replace
from functools import partial
from weakref import WeakSet

import anyio

from assistant import blocking
from assistant.asr.base import SpeechRecognizer
from assistant.blocking import StopFlag
from assistant.engines.priority import RightOfWay
from assistant.llm.base import LanguageModel
from assistant.tts.base import SpeechSynthesizer
from assistant.turns.base import EndOfTurn
from assistant.vad.base import VoiceActivity
from assistant.wake.base import WakeWordDetector


class Unchanged:
    """In place of an engine that stays."""


UNCHANGED = Unchanged()


@dataclass(frozen=True)
class Fresh:
    """Engines that another configuration wants."""

    recognizer: SpeechRecognizer | Unchanged = UNCHANGED
    model: LanguageModel | Unchanged = UNCHANGED
    voice: SpeechSynthesizer | Unchanged = UNCHANGED
    end_of_turn: EndOfTurn | Unchanged | None = UNCHANGED
    wake: WakeWordDetector | Unchanged | None = UNCHANGED

    def put_into(self, engines: "Engines") -> None:
        """Replace what is shared by all microphones."""
        for name in ("recognizer", "model", "voice", "end_of_turn"):
            engine = getattr(self, name)
            if engine is not UNCHANGED:
                setattr(engines, name, engine)


@dataclass(eq=False)
class Engines:
    """Hold the lock of an engine while it is called, and take it from here for each call: `exchange` changes it."""

    activity: VoiceActivity
    recognizer: SpeechRecognizer
    model: LanguageModel
    voice: SpeechSynthesizer
    end_of_turn: EndOfTurn | None
    """None where silence alone decides."""
    wake: WakeWordDetector | None = None
    """None where no wake word is needed."""
    answers_beside_recognition: bool = False
    """As the budget of the machine says."""
    recognizing: anyio.Lock = field(default_factory=anyio.Lock)
    generating: anyio.Lock = field(default_factory=anyio.Lock)
    speaking: anyio.Lock = field(default_factory=anyio.Lock)
    judging: anyio.Lock = field(default_factory=anyio.Lock)
    right_of_way: RightOfWay = field(default_factory=RightOfWay)
    """Held by a conversation while it is at a turn; see there what others owe it."""
    others: "WeakSet[Engines]" = field(default_factory=WeakSet)
    """The same for other microphones."""

    @property
    def names(self) -> dict[str, str]:
        """Stage to model."""
        names = {"asr": self.recognizer.name, "llm": self.model.name, "tts": self.voice.name}
        return names if self.end_of_turn is None else {**names, "turn": self.end_of_turn.name}

    @property
    def devices(self) -> dict[str, str]:
        """Stage to the processor it really runs on."""
        devices = {"asr": self.recognizer.device, "llm": self.model.device, "tts": self.voice.device}
        return devices if self.end_of_turn is None else {**devices, "turn": "cpu"}

    def elsewhere(self, activity: VoiceActivity, wake: WakeWordDetector | None) -> "Engines":
        """The same engines for another microphone, whose sound `activity` and `wake` remember."""
        other = replace(self, activity=activity, wake=wake)
        self.others.add(other)
        return other

    async def exchange(self, fresh: "Fresh") -> None:
        """Use the engines of `fresh` from now on, once nobody is at a turn; those that they replace are closed."""
        while True:
            await self.right_of_way.free()
            async with self.recognizing, self.generating, self.speaking, self.judging:
                if self.right_of_way.is_set():
                    continue  # somebody began to speak meanwhile
                model = self.model
                for engines in (self, *self.others):
                    fresh.put_into(engines)
                if not isinstance(fresh.wake, Unchanged):
                    self.wake = fresh.wake
                if model is not self.model:
                    await blocking.call(partial(_close, model), name="closing")
                return

    def close(self) -> None:
        self.model.close()


def _close(model: LanguageModel, stop: StopFlag) -> None:
    model.close()
