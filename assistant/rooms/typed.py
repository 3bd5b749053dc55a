"""A typed question that is answered in text: its events, and what is remembered of it."""

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace

import anyio
import msgspec

from assistant.answers.base import Question
from assistant.answers.text import committed
from assistant.dialogue.context import Context
from assistant.dialogue.speaking.outcome import Outcome
from assistant.dialogue.turn.ending import TurnEnd
from assistant.dialogue.turn.report import Asked, turn_finished
from assistant.engines.priority import Urgency
from assistant.errors import AssistantError, Code
from assistant.events import Error, FinalTranscript, TurnFinished

Written = Callable[[str], None]
"""Takes the next piece of an answer; returns at once."""


async def answer_in_text(context: Context, question: Question, written: Written) -> TurnFinished:
    """Answer `question` while the engines are not wanted for speech; it is remembered when it is complete.

    Cancelling gives it up, which is an event as well. Raises `AssistantError` (`text.*`, `llm.*`, `reply.empty`).
    """
    number, asked_at, outcome = context.next_turn(), anyio.current_time(), Outcome()
    begin_typed(context, number, question)
    end = TurnEnd.INTERRUPTED  # unless it comes to its end
    try:
        await _write(context, number, replace(question, urgency=Urgency.BACKGROUND), outcome, written)
        end = TurnEnd.ANSWERED
    except AssistantError as error:
        outcome.error, end = error, TurnEnd.ANSWERED
    finally:
        done = finish_typed(context, number, question, asked_at, outcome, end)
    if outcome.error is not None:
        raise outcome.error
    return done


def begin_typed(context: Context, number: int, question: Question) -> None:
    """Emit that a question was typed."""
    context.emit(FinalTranscript(turn=number, text=question.text, language=question.known_language))


def finish_typed(
    context: Context, number: int, question: Question, asked_at: float, outcome: Outcome, end: TurnEnd
) -> TurnFinished:
    """Emit, and return, what became of a typed question."""
    if (error := outcome.error) is not None:
        context.emit(Error(turn=number, code=error.code, message=error.message))
    asked = Asked(
        turn=number,
        transcript=question.text,
        language=question.known_language,
        ended_at=asked_at,
        source="text",
    )
    done = turn_finished(asked, outcome, end, error, context.engines.voice.sample_rate)
    done = msgspec.structs.replace(done, room=context.room)
    context.emit(done)
    return done


async def _write(context: Context, number: int, question: Question, outcome: Outcome, written: Written) -> None:
    answer = await context.responders.answer(question)
    outcome.provenance, outcome.expects_reply, outcome.cost = answer.provenance, answer.expects_reply, answer.cost
    acts = context.acts(number)
    async with aclosing(committed(answer, acts)) as pieces:
        async for piece in pieces:
            outcome.mark("first_token")
            outcome.written.append(piece)
            written(piece)
    if not outcome.reply.strip() and not acts.has_any:
        raise AssistantError(Code.REPLY_EMPTY, f"{answer.provenance.name} wrote nothing in answer; ask again")
    context.history.add(question.text, outcome.reply)
