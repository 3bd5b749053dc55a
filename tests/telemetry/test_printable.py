"""Nothing that comes from elsewhere controls a terminal or forges a line."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.telemetry.printable import printable

HOSTILE = st.text(st.characters() | st.sampled_from("\x1b\x9b\x07\x00\r\n\t\x7f\u202e\u2066\u2028\ud83d"))
TURNS_AROUND = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def is_harmless(text: str) -> bool:
    return not any(
        unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}
        or unicodedata.bidirectional(character) in TURNS_AROUND
        for character in text
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Noon.", "Noon."),
        ("\x1b]0;title\x07", r"\u001b]0;title\u0007"),
        ("\x9b31m", r"\u009b31m"),
        ("a\r\nb\tc", r"a\r\nb\tc"),
        ("a\x08\x7f", r"a\u0008\u007f"),
        ("abc\u202edef", r"abc\u202edef"),
        ("half \udcff", r"half \udcff"),
        ("\u0645\u06cc\u200c\u062e \U0001f468\u200d\U0001f469 \u05d0\u200f \u00e9", None),
    ],
)
def test_control_characters_are_written_out_and_nothing_else_is(text: str, shown: str | None) -> None:
    assert printable(text) == (text if shown is None else shown)


def test_what_is_kept_stays() -> None:
    assert printable("a\n\tb\x1b", keep="\n\t") == "a\n\tb\\u001b"


@given(HOSTILE)
def test_any_text_is_harmless_afterwards_and_can_be_encoded(text: str) -> None:
    assert is_harmless(printable(text))
    assert len(printable(text).splitlines()) <= 1
    printable(text).encode()


@given(HOSTILE)
def test_a_json_document_stays_the_same(text: str) -> None:
    document = printable(json.dumps({"text": text}, ensure_ascii=False))
    assert is_harmless(document)
    assert json.loads(document) == json.loads(json.dumps({"text": text}))
