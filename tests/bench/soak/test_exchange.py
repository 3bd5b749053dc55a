"""When a turn counts as missed."""

from typing import Any

import pytest

from assistant.bench.soak.exchange import why_missed

ANSWERED: dict[str, Any] = {"end": "answered", "error": None, "heard": "It is noon."}


@pytest.mark.parametrize(
    ("changes", "may_be_cut", "why"),
    [
        ({}, False, ""),
        ({}, True, ""),
        ({"heard": ""}, False, "nothing heard"),
        ({"error": "llm.failed"}, False, "llm.failed"),
        ({"end": "nothing", "heard": ""}, False, "no transcript"),
        ({"end": "dismissed", "heard": ""}, False, "dismissed"),
        ({"end": "interrupted"}, False, "interrupted"),
        ({"end": "interrupted"}, True, ""),
        ({"end": "interrupted", "heard": ""}, True, "nothing heard"),
    ],
)
def test_a_turn_is_missed_unless_its_answer_was_heard(changes: dict[str, Any], may_be_cut: bool, why: str) -> None:
    assert why_missed(ANSWERED | changes, may_be_cut=may_be_cut) == why
