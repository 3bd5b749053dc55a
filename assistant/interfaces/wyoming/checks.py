"""What a client may send: text that is not too long, in a form that is understood."""

from typing import Any

from assistant.errors import AssistantError, Code

MAX_TEXT = 8000
"""Characters of one text."""


def text_of(value: Any) -> str:
    """Return `value` if it is text that is not too long.

    Raises `AssistantError` (`wyoming.malformed`, `text.too_long`).
    """
    if not isinstance(value, str):
        raise AssistantError(Code.WYOMING_MALFORMED, f"expected text, got {type(value).__name__}")
    if len(value) > MAX_TEXT:
        raise AssistantError(Code.TEXT_TOO_LONG, f"a text has at most {MAX_TEXT} characters")
    return value


def plain(request: Any) -> Any:
    """Return `request` if it is for plain text. Raises `AssistantError` (`wyoming.malformed`)."""
    if request.text_format not in (None, "text"):
        raise AssistantError(Code.WYOMING_MALFORMED, f"text_format {request.text_format} is not supported, only text")
    return request
