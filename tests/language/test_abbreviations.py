import pytest

from assistant.language.abbreviations import depends_on_following, is_abbreviation


@pytest.mark.parametrize("word", ["Dr.", "(Mrs.", "e.g.", "U.S.", "J.", "i.e.", "Ph.D."])
@pytest.mark.parametrize("following", ["A", "a", "1"])
def test_english_words_that_always_go_on(word: str, following: str) -> None:
    assert is_abbreviation(word, following, "en")


@pytest.mark.parametrize("word", ["Paris.", "it.", "1775.", "42.", "3.", "2.5."])
def test_english_words_and_numbers_that_end_a_sentence(word: str) -> None:
    assert not is_abbreviation(word, "A", "en")


def test_no_is_an_answer_unless_a_number_follows() -> None:
    assert is_abbreviation("No.", "5", "en")
    assert not is_abbreviation("No.", "I", "en")


def test_some_abbreviations_close_a_sentence_when_a_capital_follows() -> None:
    assert not is_abbreviation("p.m.", "T", "en")
    assert is_abbreviation("p.m.", "o", "en")
    assert is_abbreviation("usw.", "u", "de")


def test_german_ordinals_go_on_and_years_do_not() -> None:
    assert is_abbreviation("3.", "M", "de")
    assert not is_abbreviation("1989.", "D", "de")


def test_a_language_without_a_list_still_has_initials_and_dotted_words() -> None:
    assert is_abbreviation("J.", "S", "it")
    assert is_abbreviation("p.es.", "i", "it") is False
    assert is_abbreviation("a.C.", "i", "it")
    assert not is_abbreviation("Dr.", "S", "it")


def test_only_what_depends_on_the_next_character_waits_for_it() -> None:
    assert depends_on_following("No.", "en")
    assert depends_on_following("etc.", "en")
    assert not depends_on_following("Dr.", "en")
    assert not depends_on_following("Paris.", "en")
