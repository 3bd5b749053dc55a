"""What every turn of a conversation shares."""

from dataclasses import dataclass

from assistant.answers.history import History
from assistant.audio.base import AudioSink
from assistant.config.schema import Config
from assistant.engines.engines import Engines
from assistant.events import Emitter


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
