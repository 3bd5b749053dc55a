"""What `systemctl status` shows."""

import pytest

from assistant.app.status import describe
from assistant.config.schema import Config


@pytest.mark.parametrize(
    ("state", "missing", "others", "shown"),
    [
        ("asleep", [], [], "listening for okay_nabu"),
        ("speaking", [], ["kitchen"], "speaking"),
        ("deaf", ["no microphone: unplugged"], [], "no microphone: unplugged; trying again"),
        ("silent", [], [], "no sound card of its own; rooms: none connected"),
        ("silent", [], ["kitchen", "attic"], "no sound card of its own; rooms: kitchen, attic"),
    ],
)
def test_what_it_is_doing_is_said_in_words(state: str, missing: list[str], others: list[str], shown: str) -> None:
    assert describe(state, Config(), missing, others) == shown
