"""What a recogniser writes and what a person types come to the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.understanding.canonical import MAX_LETTERS, canonical
from assistant.understanding.grammar import Grammar, grammar_of


@pytest.fixture(name="english")
def english_fixture() -> Grammar:
    grammar = grammar_of("en")
    assert grammar is not None
    return grammar


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("Set a timer for ten minutes.", "set a timer for 10 minutes"),
        ("set a timer for 10 minutes", "set a timer for 10 minutes"),
        ("Twenty-five minutes!", "25 minutes"),
        ("a 5-minute timer", "a 5 minute timer"),
        ("one hundred and twenty seconds", "120 seconds"),
        ("a thirty second timer", "a 30 second timer"),
        ("six forty-five a.m.", "6 45 am"),
        ("one o’clock", "one o'clock"),
        ("Um, set uh a timer", "set a timer"),
        ("set a set a timer", "set a timer"),
        ("1,500 metres", "1,500 metres"),
        ("at 7:30", "at 7:30"),
        ("It's 20%", "it's 20 %"),
    ],
)
def test_what_means_the_same_is_written_the_same(written: str, line: str, english: Grammar) -> None:
    assert canonical(written, english).line == line


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("set a timer four ten minutes", "set a timer for 10 minutes"),
        ("set the volume two 40", "set the volume to 40"),
        ("remind me too call mum", "remind me to call mum"),
        ("four minutes", "4 minutes"),
        ("two times two", "2 times 2"),
    ],
)
def test_words_that_sound_like_others_are_heard_right(written: str, line: str, english: Grammar) -> None:
    assert canonical(written, english).line == line


def test_a_part_of_it_is_given_back_as_it_was_written(english: Grammar) -> None:
    utterance = canonical("Remind me to call Mrs. O’Neill at Seven!", english)
    start = utterance.line.index("mrs")
    assert utterance.original(start, start + len("mrs o'neill")) == "Mrs. O’Neill"


def test_what_was_left_out_is_not_given_back(english: Grammar) -> None:
    utterance = canonical("buy red, um, wine", english)
    assert utterance.original(0, len(utterance.line)) == "buy red wine"


@given(st.text(max_size=600))
def test_any_text_has_a_form_and_every_word_of_it_stands_in_the_text(written: str) -> None:
    grammar = grammar_of("en")
    assert grammar is not None
    utterance = canonical(written, grammar)
    assert all(0 <= word.start < word.end <= min(len(written), MAX_LETTERS + 2) for word in utterance.words)
    for index, word in enumerate(utterance.words):
        assert utterance.part(index, index + 1).line == word.text
