"""Prompts hold what fits, and what is forgotten is chosen so that the model seldom has to read it again."""

from collections.abc import Sequence

import pytest

from assistant.answers.history import History
from assistant.answers.prompt import PromptBuilder
from assistant.blocking import NeverStop
from assistant.config.schema import Llm
from assistant.errors import AssistantError, Code
from assistant.llm.base import CountTokens, Message, Usage
from assistant.llm.llama import LlamaCpp

ROOM = 200
SETTINGS = Llm(system_prompt="Be brief.", context_tokens=256, max_reply_tokens=256 - ROOM)


LONG = Llm(context_tokens=512, max_reply_tokens=24)


def count_words(messages: Sequence[Message]) -> int:
    return sum(len(message.content.split()) for message in messages)


def prompt(history: History, said: str, count: CountTokens = count_words, settings: Llm = SETTINGS) -> list[Message]:
    """The prompt of a question that is asked and then answered for good: what did not fit is forgotten."""
    fitted = PromptBuilder(settings).build(history.exchanges, said, count)
    history.forget(fitted.left_out)
    return fitted.messages


def filled(exchanges: int) -> History:
    """A history of exchanges that take ten words each."""
    history = History()
    for number in range(exchanges):
        history.add(f"question number {number} of many", "this is the answer")
    return history


def test_the_prompt_holds_the_head_the_history_and_the_question() -> None:
    history = History()
    history.add("Hello.", "Hi.")
    assert prompt(history, "What time is it?") == [
        Message("system", "Be brief."),
        Message("user", "Hello."),
        Message("assistant", "Hi."),
        Message("user", "What time is it?"),
    ]


@pytest.mark.parametrize(("said", "heard"), [("Hello?", ""), ("Hello?", " \n"), ("", "Hi."), (" ", "")])
def test_a_turn_of_which_nothing_was_heard_is_not_remembered(said: str, heard: str) -> None:
    history = History()
    history.add(said, heard)
    assert history.exchanges == ()


def test_nothing_is_forgotten_while_everything_fits() -> None:
    history = filled(21)
    assert count_words(prompt(history, "And what now then, my dear friend?")) == 198
    assert len(history.exchanges) == 21


def test_the_oldest_exchanges_go_as_whole_pairs_down_to_half_of_the_room() -> None:
    history = filled(25)
    messages = prompt(history, "And now?")
    fixed = len(["Be", "brief.", "And", "now?"])
    assert count_words(messages[1:-1]) <= (ROOM - fixed) / 2 < count_words(messages[1:-1]) + 9
    assert [message.role for message in messages[1:-1]] == ["user", "assistant"] * len(history.exchanges)
    assert history.exchanges[-1].said == "question number 24 of many"


def test_after_forgetting_the_prompt_begins_in_the_same_way_for_many_turns() -> None:
    history = filled(25)
    beginning = prompt(history, "And now?")[:-1]
    for _ in range(8):
        history.add("And now?", "Still the same as it was before that.")
        assert prompt(history, "And now?")[: len(beginning)] == beginning


def test_a_long_question_may_push_out_the_whole_history() -> None:
    history = filled(10)
    question = "very " * (ROOM - 4)
    assert len(prompt(history, question)) == 2
    assert history.exchanges == ()


def test_a_question_that_leaves_no_room_for_the_reply_is_too_long() -> None:
    history = filled(3)
    with pytest.raises(AssistantError, match=r"llm\.context_tokens") as raised:
        prompt(history, "very " * ROOM)
    assert raised.value.code == Code.TEXT_TOO_LONG
    assert len(history.exchanges) == 3


def test_an_enormous_text_is_refused_without_counting() -> None:
    def never(messages: Sequence[Message]) -> int:
        raise AssertionError("counted")

    with pytest.raises(AssistantError) as raised:
        prompt(History(), "word " * 1_000_000, never)
    assert raised.value.code == Code.TEXT_TOO_LONG


def test_an_empty_question_is_refused() -> None:
    with pytest.raises(AssistantError) as raised:
        prompt(History(), "  ")
    assert raised.value.code == Code.TEXT_EMPTY


@pytest.mark.parametrize(
    "settings",
    [
        Llm(system_prompt="be very brief " * 100, context_tokens=256, max_reply_tokens=56),
        Llm(context_tokens=256, max_reply_tokens=256),
        Llm(context_tokens=256, max_reply_tokens=4096),
    ],
)
def test_a_head_that_leaves_no_room_is_a_fault_of_the_configuration(settings: Llm) -> None:
    with pytest.raises(AssistantError, match=r"llm\.system_prompt") as raised:
        prompt(History(), "Hello there.", settings=settings)
    assert raised.value.code == Code.CONFIG_INVALID


def converse(model: LlamaCpp, history: History, question: str) -> tuple[str, Usage]:
    pieces: list[str] = []
    messages = prompt(history, question, model.count_tokens, LONG)
    usage = model.generate(messages, max_tokens=12, emit=pieces.append, stop=NeverStop())
    history.add(question, "".join(pieces))
    return "".join(pieces), usage


def test_a_real_model_reads_a_turn_once_also_after_forgetting(model: LlamaCpp) -> None:
    history = History()
    for number in range(7):
        history.add(f"Tell me what everybody should know about the number {number}.", "It is a fine number. " * 5)
    _, first = converse(model, history, "What do you think of the number nine?")
    _, second = converse(model, history, "And of the number ten?")
    assert first.evaluated > 350
    assert second.evaluated < 25 < 350 < second.reused
    assert len(history.exchanges) == 9

    answer, third = converse(model, history, "Now tell me about the number eleven, please. " * 4)
    assert len(history.exchanges) < 8
    assert answer
    assert third.evaluated < 60 < 150 < third.reused


def test_asking_forgets_nothing() -> None:
    history = filled(25)
    fitted = PromptBuilder(SETTINGS).build(history.exchanges, "And now?", count_words)
    assert fitted.left_out == history.exchanges[: len(fitted.left_out)] != ()
    assert len(history.exchanges) == 25
    assert PromptBuilder(SETTINGS).build(history.exchanges, "And now?", count_words) == fitted


def test_what_is_forgotten_later_is_what_was_left_out_then() -> None:
    history = filled(25)
    left_out = PromptBuilder(SETTINGS).build(history.exchanges, "And now?", count_words).left_out
    history.add("One more?", "Yes.")
    history.forget(left_out)
    assert len(history.exchanges) == 26 - len(left_out)
    assert history.exchanges[-1].said == "One more?"
