import random

import pytest

from assistant.tts.normalisation import MAX_HELD, TextNormaliser

REPLY = """**Sure!** Here's *a* list with [a link to somewhere](https://example.com/x "Title"):

1. **Apples**: red & round 😊
2. _Pears_ cost $3.2 million

## Code

Use `print(a, b)` like this:

```python
print("hi")  # **not** said
```

| Name | Age |
|------|:---:|
| Bob | 5 |

> Quoted <b class="x">text</b>, see https://example.com/a?b=c. Done
"""

OTHERS = [
    REPLY,
    "``` one line ``` of code",
    "~~~\nnever closed",
    "a `span that nobody closes\nand a <tag that nobody closes\nand [a link](nowhere\nend",
    "long `" + "x y " * MAX_HELD + "` and <a " + "b " * MAX_HELD + ">",
    "今天**天气**很好，温度20℃。请看https://example.com。谢谢😊！",
    "It costs $5\nmillion, or $5 million, or $5",
    "a\r\nb\r\n\r\n- c",
    "* * *\n***\n---\n- [ ] todo\n- [x] done\n42.",
    "5 - 3 * 2 <> - – — !!! ``` ~~~ |",
    "\n\n \n",
]


def say(text: str, language: str = "en", pieces: list[str] | None = None) -> str:
    normaliser = TextNormaliser(language)
    return "".join([normaliser.feed(piece) for piece in pieces or [text]]) + normaliser.flush()


def split_at_random(text: str, chance: random.Random) -> list[str]:
    pieces = []
    while text:
        length = chance.randint(1, 9)
        pieces.append(text[:length])
        text = text[length:]
    return pieces


@pytest.mark.parametrize("text", OTHERS)
@pytest.mark.parametrize("language", ["en", "de", "ja"])
def test_what_is_said_does_not_depend_on_the_pieces_that_the_reply_came_in(text: str, language: str) -> None:
    whole = say(text, language)
    chance = random.Random(11)
    for _ in range(60):
        assert say(text, language, split_at_random(text, chance)) == whole


def test_a_whole_reply_becomes_plain_lines() -> None:
    assert say(REPLY).splitlines() == [
        "Sure! Here's a list with a link to somewhere:",
        "1: Apples: red & round ",
        "2: Pears cost 3.2 million dollars",
        "Code",
        "Use print a, b like this:",
        "Code left out.",
        "Name, Age.",
        "Bob, 5.",
        "Quoted text, see example dot com. Done",
    ]


def test_plain_text_stays_as_it_is() -> None:
    text = 'No. 5 costs 3.14, isn\'t it? Well... (yes), "maybe"; U.S. Army: 10:30 a.m.'
    assert say(text) == text


def test_a_word_comes_as_soon_as_it_is_complete() -> None:
    normaliser = TextNormaliser("en")
    assert normaliser.feed("Sure,") == ""
    assert normaliser.feed(" I") == "Sure, "
    assert normaliser.feed(" can ") == "I can "


def test_chinese_comes_character_by_character() -> None:
    normaliser = TextNormaliser("zh")
    assert normaliser.feed("好的，今") == "好的，"


def test_a_price_waits_for_its_million() -> None:
    normaliser = TextNormaliser("en")
    assert normaliser.feed("$5 ") == ""
    assert normaliser.feed("million ") == "5 million dollars "


def test_prices_in_a_row_wait_for_one_word_each() -> None:
    normaliser = TextNormaliser("en")
    assert normaliser.feed("$1 $2 $3 ") == "1 dollar 2 dollars "
    assert say("$5 " * 3000).count("5 dollars") == 3000
    assert say("$5 \n million") == "5 dollars \nmillion"


def test_code_blocks_are_left_out_and_said_to_be() -> None:
    assert say("Look:\n```python\nx = 1\n```\nDone.") == "Look:\nCode left out.\nDone."
    assert say("```\nx\n```", "de") == "Code ausgelassen.\n"
    assert say("```\nx\n```", "it").strip() == ""


def test_a_code_block_ends_only_with_its_own_mark() -> None:
    assert say("~~~~\n```\n~~~\nstill code\n~~~~\nDone.") == "Code left out.\nDone."


def test_a_code_block_that_is_never_closed_is_left_out() -> None:
    assert say("Look:\n```\nx = 1\ny = 2") == "Look:\nCode left out.\n"


def test_headings_quotations_and_bullets_lose_their_marks() -> None:
    assert (
        say("# Title\n> said\n- one\n* two\n+ three\n• four\n- [x] five") == "Title\nsaid\none\ntwo\nthree\nfour\nfive"
    )


def test_numbers_of_a_list_are_said() -> None:
    assert say("1. First\n2) Second") == "1: First\n2: Second"


def test_a_number_alone_is_no_list() -> None:
    assert say("42.") == "42."
    assert say("2020. A year.") == "2020. A year."


def test_rules_are_not_said() -> None:
    assert say("one\n---\n***\n* * *\n===\ntwo").split() == ["one", "two"]


def test_a_table_is_read_row_by_row() -> None:
    assert say("| A | B |\n|---|---|\n| **1** | `2` |\n") == "A, B.\n1, 2.\n"


def test_emphasis_over_several_words_is_not_said() -> None:
    assert say("This is **very good *indeed* my** friend") == "This is very good indeed my friend"


def test_a_span_that_nothing_closes_is_ordinary_text() -> None:
    assert say("a `b c\nd") == "a b c\nd"
    assert say("a [b](c\nd") == "a b(c\nd"
    assert say("if a <b then c") == "if a <b then c"


def test_spaces_and_empty_lines_are_one() -> None:
    assert say("  a   b \n\n\n \n c\t d") == "a b \nc d"


@pytest.mark.parametrize("text", ["😀", "---", "\n\n", "", "<br>", "**", "![](x.png)"])
def test_nothing_to_say_is_white_space(text: str) -> None:
    assert say(text).strip() == ""


def test_after_flush_a_new_reply_begins() -> None:
    normaliser = TextNormaliser("en")
    normaliser.feed("```\ncode")
    normaliser.flush()
    assert normaliser.feed("- Hello. ") == "Hello. "
