"""What short utterances mean to somebody who is speaking."""

import pytest

from assistant.language.remarks import Remark, are_own_words, remark, said_after
from assistant.language.tables import languages, tables_of


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Stop.", "en", Remark.STOP),
        ("Okay, stop it, please!", "en", Remark.STOP),
        ("Stop, stop, stop!", "en", Remark.STOP),
        ("That’s enough.", "en", Remark.STOP),
        ("Hör auf!", "de", Remark.STOP),
        ("Stopp bitte", "de", Remark.STOP),
        ("Ça suffit.", "fr", Remark.STOP),
        ("¡Para!", "es", Remark.STOP),
        ("停。", "zh", Remark.STOP),
        ("Tais-toi !", "fr", Remark.STOP),
        ("Cala-te!", "pt", Remark.STOP),
        ("Never mind.", "en", Remark.DISMISSAL),
        ("No, thanks.", "en", Remark.DISMISSAL),
        ("Oh, forget it.", "en", Remark.DISMISSAL),
        ("Schon gut.", "de", Remark.DISMISSAL),
        ("Mm-hmm.", "en", Remark.BACKCHANNEL),
        ("Uh-huh, I see.", "en", Remark.BACKCHANNEL),
        ("Hmm", "en", Remark.BACKCHANNEL),
        ("Yeah, okay.", "en", Remark.BACKCHANNEL),
        ("Ach so, ja.", "de", Remark.BACKCHANNEL),
        ("Mm-hmm.", "xx", Remark.BACKCHANNEL),
        ("", "en", Remark.BACKCHANNEL),
        ("?!", "en", Remark.BACKCHANNEL),
        ("Stop the music in the kitchen.", "en", Remark.WORDS),
        ("No, I meant tomorrow.", "en", Remark.WORDS),
        ("What about Berlin?", "en", Remark.WORDS),
        ("Nothing compares to you.", "en", Remark.WORDS),
        ("Stop.", "xx", Remark.WORDS),
        ("Please.", "en", Remark.WORDS),
    ],
)
def test_what_is_meant(text: str, language: str, expected: Remark) -> None:
    assert remark(text, language) is expected


def test_every_phrase_means_what_its_list_says() -> None:
    for language in languages():
        known = tables_of(language).remarks
        for phrases, expected in ((known.stop, Remark.STOP), (known.dismissal, Remark.DISMISSAL)):
            for phrase in phrases:
                assert remark(f"{phrase}!".capitalize(), language) in {expected, Remark.STOP}, phrase
        for word in known.backchannel:
            assert remark(word, language) is Remark.BACKCHANNEL, word
        assert remark(" ".join(known.backchannel), language) is Remark.BACKCHANNEL


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("The weather is", True),
        ("mostly sunny today", True),
        ("mostly funny today with some", True),
        ("What is the weather", False),
        ("sunny", True),
        ("stop", False),
        ("today mostly", False),
        ("", False),
    ],
)
def test_the_assistant_knows_its_own_words(text: str, own: bool) -> None:
    assert are_own_words(text, "The weather is mostly sunny today, with some clouds.") is own


def test_a_distorted_echo_is_known_by_most_of_its_words() -> None:
    spoken = "This is a common mistake in French, and the correct way to say it would be Lemonade or"
    for text, own in (
        ("say it would be the lemonade for April.", True),
        ("what would it be in French", False),
        ("lemonade please", False),
    ):
        assert are_own_words(text, spoken, leniently=True) is own
        assert not are_own_words(text, spoken)


@pytest.mark.parametrize(
    ("question", "text", "language", "after"),
    [
        ("Set a timer.", "Set a timer for ten minutes.", "en", "for ten minutes."),
        ("Set a time.", "Set a timer.", "en", ""),
        ("北京今天温度。", "北京今天温度已达到零下十度。", "zh", "已达到零下十度。"),
        ("北京今天温度。", "北京今天，温度。", "zh", ""),
        ("北京今天温度。", "北京今天", "zh", ""),
        ("", "何でもない", "ja", "何でもない"),
    ],
)
def test_what_goes_on_with_a_question_is_told_from_it(question: str, text: str, language: str, after: str) -> None:
    assert said_after(question, text, language) == after
