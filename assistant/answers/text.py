"""Answers in text: nothing of them is ever taken back, so each counts from its first word."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from assistant.answers.acts import Acts
from assistant.answers.base import Answer


async def committed(answer: Answer, acts: Acts) -> AsyncGenerator[str, None]:
    """Yield the text of an answer that counts, running its effects in place; their sentences say what became of them.

    To be used with `contextlib.aclosing`. Raises what the answer raises.
    """
    before = ""
    async with aclosing(answer.parts()) as parts:
        async for part in parts:
            text = part if isinstance(part, str) else (await acts.carry_out(part)).text
            if not text:
                continue
            yield separated(before, text)
            before = text


def separated(before: str, text: str) -> str:
    """Put a space in front of `text`, if it would run into a sentence `before` it."""
    runs_into = before[-1:] in {".", "?", "!"} and not text[0].isspace()
    return f" {text}" if runs_into else text
