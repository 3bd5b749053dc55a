import pytest

from assistant.cli.typed_text import check_text
from assistant.errors import AssistantError, Code


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("  What time is it?\n", "What time is it?"),
        ("Zeile eins\r\nZeile zwei\tdrei", "Zeile eins\nZeile zwei\tdrei"),
        ("null\x00 bell\x07 escape\x1b[0m next\x85", "null bell escape[0m next"),
        ("\ufeffByte order mark", "Byte order mark"),
        ("half an emoji \ud83d", "half an emoji"),
        ("现在几点了？", "现在几点了？"),
        ("现在几点了？".encode(), "现在几点了？"),
        ("thumbs 👍🏽".encode(), "thumbs 👍🏽"),
    ],
)
def test_text_is_cleaned_of_what_cannot_be_spoken(text: str | bytes, cleaned: str) -> None:
    assert check_text(text, max_chars=100, where="standard input") == cleaned


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", Code.TEXT_EMPTY),
        (b"", Code.TEXT_EMPTY),
        (" \n\x00\t", Code.TEXT_EMPTY),
        ("a" * 101, Code.TEXT_TOO_LONG),
        (b"a" * 101, Code.TEXT_TOO_LONG),
        (b"\xff" * 401, Code.TEXT_TOO_LONG),
        ("Grüße".encode("latin-1"), Code.TEXT_NOT_UTF8),
        ("现在".encode("gbk"), Code.TEXT_NOT_UTF8),
        (b"cut \xe7\x8e", Code.TEXT_NOT_UTF8),
        ("from a command line: Gr\udcfc\udcdfe", Code.TEXT_NOT_UTF8),
    ],
)
def test_text_that_cannot_be_used_is_refused(text: str | bytes, code: Code) -> None:
    with pytest.raises(AssistantError, match=r"^standard input: ") as caught:
        check_text(text, max_chars=100, where="standard input")
    assert caught.value.code == code


def test_text_as_long_as_the_limit_is_taken() -> None:
    assert check_text("é" * 100, max_chars=100, where="text") == "é" * 100
    assert check_text(("é" * 100).encode(), max_chars=100, where="text") == "é" * 100
