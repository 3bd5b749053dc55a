"""A question that was typed: what is told of it when it has been answered."""

import anyio

from assistant.dialogue.speaking.cue import Cue
from assistant.events import Marks, TurnFinished


def typed_turn(cue: Cue, language: str, rate: int) -> TurnFinished:
    """`language` and `rate` (Hz) are those of the voice. Marks are milliseconds after the question was sent."""
    outcome = cue.outcome
    usage, error = outcome.usage, outcome.error
    marks = {name: round((moment - cue.asked_at) * 1000, 1) for name, moment in outcome.moments.items()}
    return TurnFinished(
        turn=cue.number,
        transcript=cue.text,
        language=language,
        reply=outcome.reply,
        spoken=" ".join(clause.text for clause in outcome.clauses),
        heard=outcome.heard,
        marks_ms=Marks(**marks),
        audio_s=round(outcome.spoken_samples / rate, 3),
        tokens_reused=usage.reused if usage is not None else 0,
        tokens_evaluated=usage.evaluated if usage is not None else 0,
        work_s={stage: round(seconds, 3) for stage, seconds in outcome.work_s.items()},
        revisions=1,
        end=cue.end.value,
        error=error.code if error is not None else None,
        total_s=round(anyio.current_time() - cue.asked_at, 3),
        source="text",
    )
