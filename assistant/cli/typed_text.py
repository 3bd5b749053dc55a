"""Text of the command line or of standard input: made fit to be sent, or refused with what to do."""

import re
import sys
from collections.abc import Sequence

from assistant.errors import AssistantError, Code

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff]")
_UNDECODED = re.compile("[\udc80-\udcff]")
"""As which Python passes bytes of a command line that are not UTF-8."""


def typed_text(words: Sequence[str] | None) -> str:
    """Return the text that is to be asked or said: `words`, or else all of standard input.

    Raises `AssistantError`: `text.not_utf8`, `text.empty`, `text.too_long`.
    """
    from assistant.interfaces.ipc.method import MAX_TEXT

    if words:
        return check_text(" ".join(words), max_chars=MAX_TEXT, where="the text")
    given = sys.stdin.buffer.read(4 * MAX_TEXT + 1)
    return check_text(given, max_chars=MAX_TEXT, where="standard input")


def check_text(text: str | bytes, *, max_chars: int, where: str) -> str:
    """Return `text` without control characters (line ends and tabs stay), lone surrogates and surrounding white space.

    Raises `AssistantError`: `text.not_utf8`, `text.empty`, `text.too_long`. `where` names the text in messages.
    """
    if len(text) > (max_chars if isinstance(text, str) else 4 * max_chars):
        raise _too_long(where, max_chars)
    cleaned = _CONTROL.sub("", _decoded(text, where).replace("\r\n", "\n").replace("\r", "\n")).strip()
    if not cleaned:
        raise AssistantError(Code.TEXT_EMPTY, f"{where}: no text; give it as an argument or on standard input")
    if len(cleaned) > max_chars:
        raise _too_long(where, max_chars)
    return cleaned


def _decoded(text: str | bytes, where: str) -> str:
    try:
        if isinstance(text, bytes):
            return text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _not_utf8(where) from error
    if _UNDECODED.search(text):
        raise _not_utf8(where)
    return text


def _not_utf8(where: str) -> AssistantError:
    return AssistantError(Code.TEXT_NOT_UTF8, f"{where}: not UTF-8; save or send the text as UTF-8")


def _too_long(where: str, max_chars: int) -> AssistantError:
    return AssistantError(Code.TEXT_TOO_LONG, f"{where}: longer than {max_chars} characters; shorten it")
