"""Requests are understood around politeness, corrections and other requests, and ordinary talk is none."""

import pytest

from assistant.understanding.entities import entities_of
from assistant.understanding.grammar import grammar_of
from assistant.understanding.requests import Understanding
from assistant.understanding.sentences import Sentences, SkillWords

WORDS = {
    "timers": SkillWords(
        sentences={"start": ("set [a|another] [{name}] timer for {duration}", "{name} timer [for] {duration}")},
        after={"change": ("make it {duration}",), "another": ("[and] (one|another) for {duration}",)},
    ),
    "lists": SkillWords(sentences={"add": ("add {items} to [the] list",)}),
    "refusals": SkillWords(sentences={"call": ("call {person}",)}),
    "reminders": SkillWords(sentences={"set": ("remind me to {text} {moment}", "remind me to {text}")}),
}


@pytest.fixture(name="english", scope="module")
def english_fixture() -> Understanding:
    entities, grammar = entities_of("en"), grammar_of("en")
    assert entities is not None
    assert grammar is not None
    sentences = Sentences(WORDS, entities, language="en", spaced=True)
    return Understanding(grammar, entities, sentences, alone=frozenset({"refusals"}))


def understood(english: Understanding, text: str, *topics: str) -> list[tuple[str, dict[str, str]]]:
    return [
        (match.intent, {name: slot.text for name, slot in match.slots.items()})
        for match in english.requests(text, topics=topics)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Set a timer for ten minutes.",
        "please set a timer for ten minutes",
        "Could you please set a timer for ten minutes, thanks",
        "hey can you um set a timer four ten minutes for me",
        "set a timer for five no wait ten minutes",
        "set a timer for five minutes, I mean ten minutes",
        "set a timer set a timer for ten minutes",
    ],
)
def test_a_request_is_one_however_it_is_put(text: str, english: Understanding) -> None:
    (match,) = english.requests(text)
    assert (match.skill, match.intent) == ("timers", "start")
    assert english.entities.duration(match.slots["duration"].text.lower().replace("ten", "10")) is not None
    assert str(match.value("duration")) == "0:10:00"


def test_a_name_keeps_its_spelling(english: Understanding) -> None:
    assert understood(english, "set a Pasta timer for 8 minutes") == [
        ("start", {"name": "Pasta", "duration": "8 minutes"})
    ]


def test_the_entity_at_the_end_is_not_part_of_the_words_before_it(english: Understanding) -> None:
    assert understood(english, "Remind me to call Mum tomorrow at 7") == [
        ("set", {"text": "call Mum", "moment": "tomorrow at 7"})
    ]


@pytest.mark.parametrize(
    ("text", "intents"),
    [
        ("set a timer for ten minutes and one for twenty minutes", ["start", "another"]),
        ("add milk to the list and set a timer for ten minutes", ["add", "start"]),
        ("add milk and eggs to the list", ["add"]),
        ("remind me to fetch Tom and call Ann", ["set"]),
    ],
)
def test_several_requests_are_all_understood(text: str, intents: list[str], english: Understanding) -> None:
    assert [intent for intent, _ in understood(english, text)] == intents


def test_what_goes_on_with_something_is_understood_only_after_it(english: Understanding) -> None:
    assert understood(english, "make it twelve minutes") == []
    assert understood(english, "make it twelve minutes", "timers") == [("change", {"duration": "twelve minutes"})]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "...",
        "He set a timer for ten minutes yesterday and forgot it.",
        "Ten minutes is not long enough for a nap.",
        "I said set a timer for ten minutes, but nobody listened.",
        "What is the capital of France?",
        "a " * 500,
    ],
)
def test_ordinary_talk_is_no_request(text: str, english: Understanding) -> None:
    assert understood(english, text) == []


@pytest.mark.parametrize(
    "text",
    [
        "actually set a timer for maybe ten minutes",
        "set like a timer for about ten minutes you know",
        "could you just quickly set a timer for ten minutes right now",
    ],
)
def test_words_that_say_nothing_are_passed_over(text: str, english: Understanding) -> None:
    (match,) = english.requests(text)
    assert (match.skill, match.intent, str(match.value("duration"))) == ("timers", "start", "0:10:00")


def test_a_word_that_is_meant_is_not_passed_over(english: Understanding) -> None:
    assert understood(english, "remind me to just breathe") == [("set", {"text": "just breathe"})]
