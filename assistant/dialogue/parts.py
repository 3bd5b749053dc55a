"""What every turn of a conversation shares."""

from dataclasses import dataclass

from assistant.audio.base import AudioSink
from assistant.config import Config
from assistant.dialogue.engines import Engines
from assistant.events import Emitter
from assistant.llm.history import History


@dataclass(frozen=True)
class Parts:
    """Engines, loudspeaker, what was said before, and where events go."""

    engines: Engines
    config: Config
    history: History
    sink: AudioSink
    emit: Emitter

    @property
    def voice_language(self) -> str:
        return self.engines.voice.language
