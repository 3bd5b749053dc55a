"""What servers that call themselves OpenAI-compatible send is understood, whatever each of them does differently."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.llm.base import Usage
from assistant.llm.openai_stream import MAX_EVENT_BYTES, EventReader, ReplyParser, UnusableError

STOP = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


def piece(content: object, **more: object) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": content, **more}, "finish_reason": None}]}


def stream(*events: object, end: str = "\n\n", done: bool = True) -> str:
    """Each event after `data: `; text as it is, anything else as JSON."""
    said = [event if isinstance(event, str) else json.dumps(event) for event in events]
    return "".join(f"data: {event}{end}" for event in [*said, *(["[DONE]"] if done else [])])


HELLO = (piece("Hel"), piece("lo."))


def taken(body: str | bytes, cuts: list[int] | None = None) -> tuple[str, Usage]:
    """The reply and its usage. `cuts`: where the body is cut into what is received at once."""
    data = body.encode() if isinstance(body, str) else body
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts or ()), len(data)]
    reader, parser, text = EventReader(), ReplyParser(), ""
    for start, end in pairwise(places):
        text += "".join(map(parser.take, reader.feed(data[start:end])))
    text += "".join(map(parser.take, reader.end()))
    return text + parser.end(), parser.usage


def whole(message: object, **more: object) -> str:
    return json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]} | more, indent=2)


@pytest.mark.parametrize(
    "body",
    [
        stream(*HELLO, STOP),
        stream(*HELLO, STOP, done=False),
        stream(*HELLO),
        stream(*HELLO, done=False),
        stream(*HELLO, STOP, end="\r\n\r\n"),
        stream(*HELLO, STOP, end="\r\r"),
        stream(*HELLO, STOP, end="\n"),
        stream(*HELLO, STOP).removesuffix("\n\n"),
        stream(*HELLO, STOP).replace("data: ", "data:"),
        "\ufeff" + stream(*HELLO, STOP),
        ": OPENROUTER PROCESSING\n\n:\n\n" + stream(*HELLO) + ": ping\n\n",
        stream("", ": OPENROUTER PROCESSING", *HELLO, "", "ping", STOP),
        stream("keep-alive", *HELLO, end="\n"),
        "event: ping\ndata: {}\n\n" + stream(*HELLO, STOP),
        "id: 1\nevent: message\nretry: 5\n" + stream(*HELLO, STOP),
        stream(*HELLO, {"choices": [{"index": 0, "delta": None, "finish_reason": "stop"}]}),
        stream({"choices": None}, *HELLO, {"choices": []}, {"choices": [None]}),
        stream({"choices": [{"delta": {"role": "assistant", "content": None}}]}, *HELLO, STOP),
        stream(*HELLO, {"choices": [{"finish_reason": "", "delta": {"content": ""}}]}, STOP),
        stream({**piece("Hello."), "error": None, "created": 1.5, "usage": None}, STOP),
        stream(piece([{"type": "text", "text": "Hel"}, "lo", None, 5, {"text": "."}]), STOP),
        stream(piece([{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}]), *HELLO),
        stream(piece({"type": "text", "text": "Hello."}), STOP),
        stream(piece(None, refusal="Hello."), STOP),
        stream(piece(None, reasoning_content="Hm.", reasoning="Hm."), *HELLO, STOP),
        stream({"choices": {"index": 0, "delta": {"content": "Hello."}}}),
        stream({"choices": [{"index": 0, "text": "Hel"}]}, {"choices": [{"index": 0, "text": "lo."}]}, STOP),
        stream(*HELLO, {"choices": [{"message": {"content": "Hello."}, "finish_reason": "stop"}]}),
        stream({"choices": [*piece("Hello.")["choices"], {"index": 1, "delta": {"content": "Good day."}}]}),
        json.dumps(piece("Hel")) + "\n" + json.dumps(piece("lo.")) + "\n",
        whole({"role": "assistant", "content": "Hello."}),
        whole({"content": [{"type": "text", "text": "Hello."}]}, usage=None, error=None),
        json.dumps({"choices": [{"text": "Hello."}]}),
        '[{"choices": [{"delta": {"content": "Hello."}}]}]',
    ],
)
def test_each_way_to_say_it_is_the_same_reply(body: str) -> None:
    assert taken(body)[0] == "Hello."


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "broke off"),
        (stream(done=False), "broke off"),
        (stream({"error": "out of memory"}), "out of memory"),
        (stream(*HELLO, {"error": {"message": "out of\nmemory", "code": 500}}), "out of memory"),
        (stream({"object": "error", "message": "out of memory"}), "out of memory"),
        (json.dumps({"detail": "out of memory"}, indent=2), "out of memory"),
        ('[{"error": {"message": "out of memory"}}]', "out of memory"),
        ("event: error\ndata: out of memory\n\n", "out of memory"),
        (stream(*HELLO, {"choices": [{"finish_reason": "error"}]}), "ended in an error"),
        (stream(*HELLO, done=False) + 'data: {"choices": [{"del', "malformed"),
        ("<html>\n<p>log in\n", "malformed: <html>"),
        ("[" * 100_000, "malformed"),
        ('{"a":' * 9_999, "malformed"),
    ],
)
def test_what_has_no_words_or_is_called_an_error_is_one(body: str, said: str) -> None:
    with pytest.raises(UnusableError, match=said):
        taken(body)


@pytest.mark.parametrize(
    ("usage", "told"),
    [
        ({"prompt_tokens": 30.0, "completion_tokens": 4.0}, Usage(0, 30, 4)),
        ({"prompt_tokens": "30", "completion_tokens": None}, Usage(0, 30, 0)),
        ({"prompt_tokens": 30, "prompt_tokens_details": {"cached_tokens": 20.0}}, Usage(20, 10, 0)),
        ({"prompt_tokens": 30, "prompt_tokens_details": {"cached_tokens": None}}, Usage(0, 30, 0)),
        ({"prompt_tokens": 5, "prompt_tokens_details": {"cached_tokens": 20}}, Usage(5, 0, 0)),
        ({"prompt_tokens": -1, "completion_tokens": [], "prompt_tokens_details": []}, Usage(0, 0, 0)),
        ({}, Usage(0, 0, 2)),
        ("much", Usage(0, 0, 2)),
    ],
)
def test_token_counts_are_taken_as_far_as_they_are_numbers(usage: object, told: Usage) -> None:
    assert taken(stream(*HELLO, {"choices": [], "usage": usage}))[1] == told


def test_a_character_that_comes_in_halves_is_one() -> None:
    assert taken(stream(piece("\ud83d"), piece("\ude42"), piece("\ud83d"), piece("!")))[0] == "🙂\ufffd!"


def test_an_event_without_an_end_is_not_kept() -> None:
    with pytest.raises(UnusableError, match="more than"):
        taken(b"a" * (MAX_EVENT_BYTES + 1))


CUTS = st.lists(st.integers(0, 10_000), max_size=8)


@given(
    st.lists(st.text(min_size=1), min_size=1),
    st.sampled_from(["\n\n", "\r\n\r\n", "\r\r", "\n", "\r\n", "\n: ping\n\n", "\n\ndata:\n\n"]),
    st.booleans(),
    CUTS,
)
def test_neither_line_ends_nor_cuts_change_the_words(
    texts: list[str], end: str, escaped: bool, cuts: list[int]
) -> None:
    events = [json.dumps(piece(text), ensure_ascii=escaped) for text in texts]
    assert taken(stream(*events, end=end), cuts)[0] == taken(stream(*map(piece, texts)))[0]


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text() | st.sampled_from(["choices", "delta", "content", "error", "usage", "text"]), inner)
    ),
    max_leaves=12,
)


@given(st.binary() | st.lists(JSON).map(lambda events: stream(*events).encode()), CUTS)
def test_any_bytes_are_a_reply_or_an_error(body: bytes, cuts: list[int]) -> None:
    try:
        text, usage = taken(body, cuts)
    except UnusableError as error:
        text, usage = str(error), Usage(0, 0, 0)
    assert text.encode() is not None
    assert min(usage.reused, usage.evaluated, usage.generated) >= 0
