"""What OpenAI-compatible servers send, made into text and token counts. Pure, and generous.

Servers and the proxies before them differ: null in place of what there is none of, content as a list of parts, token
counts as floats, comments and pings between events, events without an empty line after them, and a whole JSON body
although a stream was asked for. All of that is taken; an error is what the server calls one, and what has no words.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from assistant.llm.answer import AnswerText
from assistant.llm.base import Usage

DONE = "[DONE]"
"""What follows the last event."""

EXCERPT = 200
"""Characters of a server's complaint that an error message repeats."""

MAX_EVENT_BYTES = 4_194_304
"""Bytes of one event, or of a body that is no stream; a reply of 4,096 tokens has some 20,000."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class UnusableError(Exception):
    """The server reported an error, ended the reply too early, or sent what cannot be understood."""


class EventReader:
    """Cuts what a server sends into the data of events; a body that is no stream is one event, or one each line.

    Lines end in CR, LF or both and nothing else: `str.splitlines` would cut at characters that JSON may contain.
    """

    def __init__(self) -> None:
        self._line = bytearray()
        self._data = bytearray()
        """The lines of an event that is not complete yet."""
        self._is_stream = False
        """A field of the protocol has come: what belongs to none is noise."""
        self._is_error = False
        self._begun = False
        self._after_return = False

    def feed(self, received: bytes) -> Iterator[str]:
        """Yield the data of each event that `received` completes. Raises `UnusableError`."""
        if self._after_return and received:
            received = received.removeprefix(b"\n")
            self._after_return = False
        self._after_return = received.endswith(b"\r")
        *lines, rest = received.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for line in lines:
            whole, self._line = bytes(self._line) + line, bytearray()
            yield from self._take(whole)
        self._line += rest
        if len(self._line) + len(self._data) > MAX_EVENT_BYTES:
            raise UnusableError(f"an event of more than {MAX_EVENT_BYTES} bytes")

    def end(self) -> Iterator[str]:
        """Yield what the end of the response completes. Raises `UnusableError`."""
        line, self._line = bytes(self._line), bytearray()
        yield from self._take(line)
        yield from self._flush()

    def _take(self, line: bytes) -> Iterator[str]:
        if not self._begun:
            line, self._begun = line.removeprefix(BYTE_ORDER_MARK), True
        field, colon, value = line.partition(b":")
        if not line.strip():
            yield from self._flush() if self._is_stream else ()
        elif colon and field in (b"data", b"event", b"id", b"retry", b""):
            self._is_stream = True
            if field == b"data":
                yield from self._append(value.removeprefix(b" "))
            elif field == b"event":
                self._is_error = value.strip() == b"error"
        elif not self._is_stream or line.lstrip()[:1] in (b"{", b"["):
            yield from self._append(line)

    def _append(self, line: bytes) -> Iterator[str]:
        if not self._data.startswith((b"{", b"[")):
            yield from self._flush()  # a ping
        if not self._data and _is_complete(line):
            self._data += line  # not every server sends an empty line after it
            yield from self._flush()
        else:
            self._data += line + b"\n"

    def _flush(self) -> Iterator[str]:
        data, self._data = self._data.decode("utf-8", "replace").strip(), bytearray()
        is_error, self._is_error = self._is_error, False
        if is_error and data:
            raise UnusableError(complaint(data.encode()))
        if data and not data.startswith(":"):
            yield data


class ReplyParser:
    """Makes text and token counts of the events of a reply."""

    def __init__(self) -> None:
        self._text = AnswerText()
        self._half = ""
        """The first half of a surrogate pair, of which the second comes with the next piece."""
        self._noise = ""
        """What was no event, for the case that nothing else comes."""
        self._finished = False
        self._pieces = 0
        self._reported: dict[str, Any] = {}

    def take(self, data: str) -> str:
        """Return the text that an event completes.

        Raises `UnusableError` for an error that the server reports, and for JSON that is broken.
        """
        if data == DONE:
            self._finished = True
            return ""
        if data[:1] not in ("{", "["):
            self._noise = self._noise or data
            return ""
        try:
            found = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise UnusableError(f"malformed: {complaint(data.encode())}") from error
        return "".join(self._take_event(event) for event in (found if isinstance(found, list) else [found]))

    def end(self) -> str:
        """Return the rest at the end of the response.

        Raises `UnusableError` when there was no reply. One that has words and ends with the response is whole, although
        the server did not say so: a connection that breaks is an error of its own.
        """
        if not self._finished and not self._pieces:
            noise = f"; malformed: {complaint(self._noise.encode())}" if self._noise else ""
            raise UnusableError(f"it broke off before the first word{noise}")
        return self._text.feed(self._whole("", is_last=True)) + self._text.flush()

    @property
    def usage(self) -> Usage:
        if not self._reported:
            return Usage(0, 0, self._pieces)
        prompt = _count(self._reported.get("prompt_tokens"))
        reused = min(prompt, _count(_mapping(self._reported.get("prompt_tokens_details")).get("cached_tokens")))
        return Usage(reused, prompt - reused, _count(self._reported.get("completion_tokens")))

    def _take_event(self, event: object) -> str:
        if not isinstance(event, dict):
            raise UnusableError(f"expected an event, got {complaint(json.dumps(event).encode())}")
        if event.get("error") or event.get("object") == "error" or (event.get("detail") and "choices" not in event):
            raise UnusableError(complaint(json.dumps(event).encode()))
        self._reported = _mapping(event.get("usage")) or self._reported
        choices = event.get("choices")
        if isinstance(choices, dict):
            choices = [choices]
        if not isinstance(choices, list):
            return ""
        first = [choice for choice in choices if isinstance(choice, dict) and _count(choice.get("index")) == 0]
        return "".join(map(self._take_choice, first))

    def _take_choice(self, choice: dict[str, Any]) -> str:
        reason = choice.get("finish_reason")
        if reason == "error":
            raise UnusableError("the reply ended in an error")
        self._finished = self._finished or bool(reason)
        text = _said(_mapping(choice.get("delta"))) or _text(choice.get("text"))
        if not text and not self._pieces:  # a body that is no stream; some repeat the whole reply in the last event
            text = _said(_mapping(choice.get("message")))
        if not text:
            return ""
        self._pieces += 1
        return self._text.feed(self._whole(text))

    def _whole(self, text: str, *, is_last: bool = False) -> str:
        """Return `text` with surrogate pairs joined that JSON has cut in two, and half ones replaced."""
        text, self._half = self._half + text, ""
        if text and not is_last and "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def complaint(body: bytes) -> str:
    """Return what an error's body says, in one line of at most `EXCERPT` characters."""
    said: object = body.decode("utf-8", "replace")
    with suppress(ValueError, RecursionError):
        said = json.loads(body)
    said = said[0] if isinstance(said, list) and said else said
    for name in ("error", "message", "detail"):
        if isinstance(said, dict) and said.get(name):
            said = said[name]
    return " ".join(str(said).split())[:EXCERPT] or "nothing"


def _said(message: dict[str, Any]) -> str:
    """Return the words of a message, or with which an answer is refused. Thoughts in fields of their own are none."""
    return _text(message.get("content")) or _text(message.get("refusal"))


def _text(content: object) -> str:
    """Return the text of content, which may be a list of parts. Parts of other kinds are not for listeners."""
    if isinstance(content, list):
        return "".join(map(_part, content))
    return str(content) if isinstance(content, str | int | float) and not isinstance(content, bool) else _part(content)


def _part(part: object) -> str:
    if isinstance(part, str):
        return part
    found = _mapping(part)
    text = found.get("text") if found.get("type") in (None, "text", "output_text") else found.get("refusal")
    return text if isinstance(text, str) else ""


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _count(value: object) -> int:
    """Return a number of tokens; 0 for what is none."""
    try:
        return max(0, int(float(value)))  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return 0


def _is_complete(line: bytes) -> bool:
    """Whether `line` is all of an event. Asked for first lines only, or a body of many lines would be read as often."""
    text = line.strip()
    if not text.endswith((b"}", b"]")):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text == DONE.encode()
    return True
