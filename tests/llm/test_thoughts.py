"""Thoughts between tags are not spoken, however the reply is cut into pieces."""

import pytest

from assistant.llm.thoughts import WithoutThoughts


def spoken(pieces: list[str]) -> str:
    reply = WithoutThoughts()
    return "".join([reply.feed(piece) for piece in pieces]) + reply.flush()


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("It is noon.", "It is noon."),
        ("<think>\nHm.\n</think>\n\nIt is noon.", "It is noon."),
        ("<think></think>It is noon.", "It is noon."),
        ("It is <think>no, wait</think>noon.", "It is noon."),
        ("<think>a</think>It is <think>b</think>noon.", "It is noon."),
        ("<think>never closed", ""),
        ("Two < three, and <thin> air.", "Two < three, and <thin> air."),
        ("Less than: <", "Less than: <"),
        ("<<think>x</think>", "<"),
        ("  \n It is noon.", "It is noon."),
    ],
)
def test_thoughts_are_not_spoken_whatever_the_pieces(reply: str, expected: str) -> None:
    assert spoken([reply]) == expected
    assert spoken(list(reply)) == expected
    assert spoken([reply[: len(reply) // 2], reply[len(reply) // 2 :]]) == expected


def test_text_that_cannot_be_a_tag_is_given_back_at_once() -> None:
    reply = WithoutThoughts()
    assert reply.feed("It is <") == "It is "
    assert reply.feed("5") == "<5"
