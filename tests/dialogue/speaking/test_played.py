"""What was heard of a reply that was cut off."""

import pytest

from assistant.dialogue.speaking.played import SpokenClause, heard_text

CLAUSES = [SpokenClause("Paris is the capital,", 0, 2100), SpokenClause("and it lies on the Seine.", 2500, 5000)]


@pytest.mark.parametrize(
    ("played", "heard"),
    [
        (0, ""),
        (100, ""),
        (1050, "Paris is"),
        (2100, "Paris is the capital,"),
        (2400, "Paris is the capital,"),
        (3750, "Paris is the capital, and it lies"),
        (5000, "Paris is the capital, and it lies on the Seine."),
        (9000, "Paris is the capital, and it lies on the Seine."),
    ],
)
def test_only_words_whose_audio_was_played_count(played: int, heard: str) -> None:
    assert heard_text(CLAUSES, played) == heard


def test_a_script_without_spaces_counts_by_characters() -> None:
    assert heard_text([SpokenClause("今天天气很好。", 0, 700)], 350) == "今天天"
