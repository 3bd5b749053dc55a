"""The prompt begins in the same way in every turn."""

import pytest

from assistant.answers.prompt import build, one_line
from assistant.errors import AssistantError, Code
from assistant.llm.base import Message
from assistant.store.exchanges import Exchange

BEFORE = [Exchange("Hello.", "Hi."), Exchange("What time is it?", "Noon.")]


def test_the_head_comes_first_then_the_history_then_the_question() -> None:
    assert build("Be brief.", BEFORE, "And now?") == [
        Message("system", "Be brief."),
        Message("user", "Hello."),
        Message("assistant", "Hi."),
        Message("user", "What time is it?"),
        Message("assistant", "Noon."),
        Message("user", "And now?"),
    ]


def test_the_next_prompt_begins_with_all_of_the_one_before() -> None:
    first = build("Be brief.", BEFORE[:1], BEFORE[1].said)
    second = build("Be brief.", BEFORE, "And now?")
    assert second[: len(first)] == first


def test_without_a_system_prompt_there_is_no_empty_message() -> None:
    assert build("", (), "Hello.") == [Message("user", "Hello.")]


def test_white_space_in_a_text_is_one_space() -> None:
    assert one_line(" What\n time\t is  it? ") == "What time is it?"


@pytest.mark.parametrize("text", ["", " \n\t "])
def test_a_text_without_words_is_refused(text: str) -> None:
    with pytest.raises(AssistantError) as raised:
        one_line(text)
    assert raised.value.code == Code.TEXT_EMPTY
