"""What every turn of a conversation shares."""

from collections.abc import Callable
from dataclasses import dataclass

from assistant.answers.acts import Acts
from assistant.answers.base import Question
from assistant.answers.history import History
from assistant.answers.order import Responders
from assistant.audio.base import AudioSink
from assistant.config.schema import Config
from assistant.engines.engines import Engines
from assistant.events import Emitter, Error
from assistant.language.tables import tables_of


@dataclass(frozen=True)
class Context:
    """Engines, responders, loudspeaker, what was said before, and where events go."""

    room: str
    engines: Engines
    responders: Responders
    config: Config
    history: History
    sink: AudioSink
    emit: Emitter
    """Takes an event of this room."""
    next_turn: Callable[[], int]
    """Numbers the turns of all rooms."""

    @property
    def voice_language(self) -> str:
        return self.engines.voice.language

    def question(
        self, text: str, *, language: str = "", deadline: float | None = None, asker: str = "", aloud: bool = True
    ) -> Question:
        """Make a question asked in this room, with its history. Parameters as the fields of `Question`; an answer that
        is to be said `aloud` is in the language of the voice, another in that of the question."""
        return Question(
            text,
            self.room,
            self.history,
            language=language,
            reply_language=self.voice_language if aloud or not language else language,
            asker=asker,
            deadline=deadline,
        )

    def acts(self, turn: int) -> Acts:
        """Make acts for the answer of `turn`, which cannot be reopened. An effect that fails is an event."""
        return Acts(
            fallback=tables_of(self.voice_language).phrases.done_failed,
            failing=lambda error: self.emit(Error(turn=turn, code=error.code, message=error.message)),
        )
