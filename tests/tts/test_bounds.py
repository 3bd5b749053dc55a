"""What nobody can listen to, what no voice can take at once, and work that grows with the text and no faster."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.tts.clauses import DIGIT_LOAD, MAX_LOAD, WORD_LOAD, ClauseCutter
from assistant.tts.normalisation import TextNormaliser

KEY = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVoQ"

HOSTILE = ["a", "a ", "1 ", "1,", ", ", "`a ", "<a ", "[", "](", "$x ", "$1 ", "1 - ", "a.", "a@", "\\frac{", "_", "|"]
HOSTILE += [
    "```\nx",
    "\n",
    "😀",
    "漢",
    "東京, ",
    "x^",
    "&a",
    "1-",
    "% ",
    "a%",
    "\\( ",
    "1/2 ",
    "http://a/",
    "<a b=",
    "—",
    "   ",
]


def say(text: str, size: int = 10**6) -> str:
    normaliser = TextNormaliser("en")
    return "".join(normaliser.feed(text[at : at + size]) for at in range(0, len(text), size)) + normaliser.flush()


def cut(text: str, size: int = 10**6) -> list[str]:
    cutter = ClauseCutter("en")
    clauses = [clause for at in range(0, len(text), size) for clause in cutter.feed(text[at : at + size])]
    return [clause.text for clause in clauses + cutter.flush()]


def load(clause: str) -> int:
    """What a clause weighs at least."""
    return WORD_LOAD * len(clause.split()) + sum(
        DIGIT_LOAD if character.isdigit() else not character.isspace() for character in clause
    )


@pytest.mark.parametrize(
    "code",
    [
        KEY * 56,
        "a" * 2000,
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4",
        "123e4567-e89b-12d3-a456-426614174000",
        f"{KEY},{KEY * 20},{KEY}",
    ],
)
def test_a_code_is_said_to_be_one(code: str) -> None:
    assert say(f"The key is {code} today.").split() == ["The", "key", "is", "a", "long", "code", "today."]
    assert say(f"{code} {code}").split() == ["a", "long", "code"]


@pytest.mark.parametrize(
    "word",
    ["Donaudampfschifffahrtsgesellschaftskapitän", "3.14159265358979323846", "2024-12-25T10:00:00Z", "a1-b2-c3"],
)
def test_a_long_word_is_no_code(word: str) -> None:
    assert "a long code" not in say(word)


def test_a_long_address_is_said_as_its_host() -> None:
    assert say(f"See https://example.com/{KEY * 50} please.").split() == ["See", "example", "dot", "com", "please."]


def test_a_long_list_is_said_in_clauses() -> None:
    said = say(",".join("123456789") + ",")
    assert said.split()[:3] == ["1,", "2,", "3,"]
    clauses = cut(say("1,2,3,4,5,6,7,8,9,10," * 100))
    assert "".join(clauses).replace(" ", "") == "1,2,3,4,5,6,7,8,9,10," * 100
    assert max(map(load, clauses)) <= MAX_LOAD


@settings(deadline=None)
@given(st.lists(st.sampled_from([*HOSTILE, "word ", "8" * 50, "x" * 500, "No. "]), max_size=60), st.integers(1, 400))
def test_no_clause_is_heavier_than_a_voice_can_take_and_the_pieces_do_not_matter(parts: list[str], size: int) -> None:
    text = "".join(part * 9 for part in parts)
    clauses = cut(text)
    assert all(load(clause) <= MAX_LOAD for clause in clauses)
    assert "".join("".join(clauses).split()) == "".join(text.split())
    assert cut(text, size) == clauses


@given(st.lists(st.sampled_from([*HOSTILE, KEY, "word "]), max_size=30), st.integers(1, 400))
def test_what_is_left_out_does_not_depend_on_the_pieces(parts: list[str], size: int) -> None:
    text = "".join(part * 9 for part in parts)
    assert say(text, size) == say(text)


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("read", [say, cut])
@pytest.mark.parametrize("size", [10**6, 4])
def test_four_times_the_text_is_four_times_the_work(
    hostile: str, read: Callable[[str, int], object], size: int
) -> None:
    def work(length: int) -> float:
        text = (hostile * length)[:length]
        durations = []
        for _ in range(2):
            start = time.process_time()
            read(text, size)
            durations.append(time.process_time() - start)
        return min(durations)

    assert work(4000) < 8 * work(1000) + 0.03
