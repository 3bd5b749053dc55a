"""The engines a conversation uses, loaded once and shared, with a lock each because their calls must not overlap."""

from dataclasses import dataclass, field, replace

import anyio

from assistant.asr.base import SpeechRecognizer
from assistant.dialogue.right_of_way import RightOfWay
from assistant.llm.base import LanguageModel
from assistant.tts.base import SpeechSynthesizer
from assistant.turns.base import EndOfTurn
from assistant.vad.base import VoiceActivity
from assistant.wake.base import Spotter


@dataclass(frozen=True)
class Engines:
    """Hold the lock of an engine while it is called."""

    activity: VoiceActivity
    recognizer: SpeechRecognizer
    model: LanguageModel
    voice: SpeechSynthesizer
    end_of_turn: EndOfTurn | None
    """None where silence alone decides."""
    wake: Spotter | None = None
    """None where no wake word is needed."""
    answers_beside_recognition: bool = False
    """As the budget of the machine says."""
    recognizing: anyio.Lock = field(default_factory=anyio.Lock)
    generating: anyio.Lock = field(default_factory=anyio.Lock)
    speaking: anyio.Lock = field(default_factory=anyio.Lock)
    judging: anyio.Lock = field(default_factory=anyio.Lock)
    right_of_way: RightOfWay = field(default_factory=RightOfWay)
    """Held by a conversation while it is at a turn; see there what others owe it."""

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

    def elsewhere(self, activity: VoiceActivity, wake: Spotter | None) -> "Engines":
        """The same engines for another microphone, whose sound `activity` and `wake` remember."""
        return replace(self, activity=activity, wake=wake)

    def close(self) -> None:
        self.model.close()
