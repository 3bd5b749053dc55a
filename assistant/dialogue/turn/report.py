"""What is reported of a turn that is over."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import anyio

from assistant.dialogue.speaking.outcome import Outcome
from assistant.dialogue.turn.ending import TurnEnd
from assistant.errors import AssistantError
from assistant.events import Marks, TurnFinished


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The user's half of a turn."""

    turn: int
    transcript: str
    language: str
    ended_at: float
    """The last moment of the user's speech, or when a text was sent: seconds of the event loop's clock. Marks count
    from it."""
    moments: Mapping[str, float] = field(default_factory=dict)
    """Marks of the user's half, on the same clock."""
    recognition_s: float | None = None
    """Seconds of the last recognition; None where nothing was recognised."""
    revisions: int = 1
    wasted_s: float = 0.0
    listening_cores: float = 0.0
    late_blocks: int = 0
    effort: str = "full"
    source: str = "speech"


def turn_finished(
    asked: Asked, outcome: Outcome, end: TurnEnd, error: AssistantError | None, rate: int
) -> TurnFinished:
    """Make the event for a turn that is over; `rate` in Hz is that of the voice."""
    usage = outcome.cost.usage
    moments = {**asked.moments, **outcome.moments}
    marks = {name: round((moment - asked.ended_at) * 1000, 1) for name, moment in moments.items()}
    recognition = {} if asked.recognition_s is None else {"asr": round(asked.recognition_s, 3)}
    return TurnFinished(
        turn=asked.turn,
        transcript=asked.transcript,
        language=asked.language,
        reply=outcome.reply,
        spoken=" ".join(outcome.spoken),
        heard=outcome.heard,
        marks_ms=Marks(**marks),
        audio_s=round(outcome.spoken_samples / rate, 3),
        tokens_reused=usage.reused if usage is not None else 0,
        tokens_evaluated=usage.evaluated if usage is not None else 0,
        work_s={**recognition, **{stage: round(seconds, 3) for stage, seconds in outcome.work_s.items()}},
        revisions=asked.revisions,
        wasted_cpu_s=round(asked.wasted_s, 3),
        listening_cores=round(asked.listening_cores, 3),
        late_blocks=asked.late_blocks,
        effort=asked.effort,
        end=end.value,
        error=error.code if error is not None else None,
        total_s=round(anyio.current_time() - asked.ended_at, 3),
        provenance=outcome.provenance,
        expects_reply=outcome.asks,
        source=asked.source,
    )
