import random

import pytest

from assistant.tts.clauses import Clause, ClauseCutter, limits

SENTENCES = {
    "en": [
        "Sure, I can help with that. The U.S. Army was founded in 1775. It is the oldest, e.g. by Dr. Smith.",
        "The quick brown fox jumps over the lazy dog and then it runs away from the big bad wolf that lives in the "
        "forest behind the old house near the river which flows down to the sea where all the fishes live happily "
        "ever after without any trouble at all in the world",
        'He said "Hello." Then he left (at 10:30 a.m. sharp). "Really?" she asked. Well... perhaps... No.',
        "Pi is 3.14, or so. See No. 5 on page 7, 8 and 9! What?! Yes—no - maybe – fine; ok: done",
        "One\nTwo, \n\n  Three.\n\nSee https://example.com/a,b?c=d. Bye",
        "... well. - — ! ?",
        "",
        " \n ",
    ],
    "de": [
        "Am 3. Mai war es schön. Die z.B. großen Häuser bzw. Dr. Müller kamen, weil es regnete.",
        "Das ist eine sehr lange Antwort auf die Frage und sie hört überhaupt nicht mehr auf.",
    ],
    "fr": ["Bonjour ! Je suis M. Dupont, et vous ? « Bien. » Merci"],
    "es": ["¿Qué? Sí, claro. El Sr. Pérez vive en EE. UU. y trabaja mucho."],
    "zh": [
        "好的，今天天气很好。你想去哪里？我们可以去公园，也可以去博物馆。",
        "今天的天气真的非常非常好我们可以一起去公园散步然后回家吃饭。温度是3.14度，用AI计算。",
        "他说：“你好。”然后走了。「问题」的答案。",
    ],
    "ja": ["はい、今日の天気は晴れです。", "今日の東京の天気はとても良いので散歩に行くのが良いと思います"],
    "th": ["สวัสดีครับ วันนี้อากาศดี"],
}
CASES = [(language, text) for language, texts in SENTENCES.items() for text in texts]


def cut(text: str, language: str = "en", pieces: list[str] | None = None) -> list[Clause]:
    cutter = ClauseCutter(language)
    clauses = [clause for piece in pieces or [text] for clause in cutter.feed(piece)]
    return clauses + cutter.flush()


def texts(text: str, language: str = "en") -> list[str]:
    return [clause.text for clause in cut(text, language)]


def split_at_random(text: str, chance: random.Random) -> list[str]:
    pieces = []
    while text:
        length = chance.randint(1, 7)
        pieces.append(text[:length])
        text = text[length:]
    return pieces


@pytest.mark.parametrize(("language", "text"), CASES)
def test_the_clauses_joined_are_the_text(language: str, text: str) -> None:
    assert "".join("".join(texts(text, language)).split()) == "".join(text.split())


@pytest.mark.parametrize(("language", "text"), CASES)
def test_the_clauses_do_not_depend_on_how_the_text_was_split(language: str, text: str) -> None:
    whole = cut(text, language)
    chance = random.Random(7)
    for _ in range(100):
        assert cut(text, language, split_at_random(text, chance)) == whole


@pytest.mark.parametrize(("language", "text"), CASES)
def test_no_clause_is_empty_or_has_space_around_it(language: str, text: str) -> None:
    assert all(clause == clause.strip() != "" for clause in texts(text, language))


@pytest.mark.parametrize("text", [text for language, text in CASES if language not in ("zh", "ja")])
def test_no_word_is_cut(text: str) -> None:
    words = [word for part in text.split() for word in part.replace("—", "— ").split()]
    assert [word for clause in texts(text) for word in clause.replace("—", "— ").split()] == words


def test_the_first_clause_ends_at_a_comma() -> None:
    assert cut("Sure, I can help.") == [Clause("Sure,", False), Clause("I can help.", True)]


def test_the_first_clause_is_complete_with_the_space_after_its_comma() -> None:
    cutter = ClauseCutter("en")
    assert cutter.feed("Of course,") == []
    assert cutter.feed(" ") == [Clause("Of course,", False)]


@pytest.mark.parametrize("mark", [";", ":", " –", " -", "—"])
def test_the_first_clause_ends_at_a_semicolon_a_colon_or_a_dash(mark: str) -> None:
    assert texts(f"Good question{mark} it depends.") == [f"Good question{mark}", "it depends."]


@pytest.mark.parametrize(
    ("language", "text", "first"),
    [
        ("en", "You may have tea and I have coffee.", "You may have tea"),
        ("en", "I will stay here because it rains.", "I will stay here"),
        ("de", "Ich bleibe lieber hier weil es regnet.", "Ich bleibe lieber hier"),
        ("fr", "Je reste ici mais tu pars demain.", "Je reste ici"),
        ("es", "Yo me quedo porque llueve mucho.", "Yo me quedo"),
    ],
)
def test_the_first_clause_ends_before_a_conjunction(language: str, text: str, first: str) -> None:
    assert texts(text, language)[0] == first


def test_one_word_before_a_conjunction_is_not_enough() -> None:
    assert texts("Black and white films are old.") == ["Black and white films", "are old."]


def test_the_first_clause_has_at_most_four_words() -> None:
    cutter = ClauseCutter("en")
    words = ["Rome", "London", "Paris", "Vienna", "Madrid"]
    made = [clause for word in words for clause in cutter.feed(word + " ")]
    assert made == [Clause("Rome London Paris Vienna", False)]


def test_a_clause_does_not_end_with_a_word_that_leans_on_the_next() -> None:
    assert texts("I think that the weather in Paris is a bit colder.")[0] == "I think that the weather"


def test_the_first_clause_in_chinese_and_japanese_ends_at_a_comma_or_after_sixteen_characters() -> None:
    assert texts("好的，今天天气很好。", "zh") == ["好的，", "今天天气很好。"]
    assert texts("はい、晴れです。", "ja") == ["はい、", "晴れです。"]
    assert texts("今天的天气真的非常非常好我们可以一起去公园散步", "zh")[0] == "今天的天气真的非常非常好我们可以"


def test_a_japanese_clause_without_a_comma_ends_before_a_new_phrase() -> None:
    first = texts("今日の東京の天気はとても良いので散歩に行くのが良いと思います", "ja")[0]
    assert first == "今日の東京の天気はとても良いので"


def test_later_clauses_are_sentences() -> None:
    rest = "It has two parts, one small and one large. Both are old! Are they, though? They are…"
    assert cut("Good evening to you all. " + rest)[1:] == [
        Clause("It has two parts, one small and one large.", True),
        Clause("Both are old!", True),
        Clause("Are they, though?", True),
        Clause("They are…", True),
    ]


def test_the_second_clause_is_short_when_little_is_being_spoken() -> None:
    assert limits(1).anywhere < limits(8).anywhere < limits(100).anywhere == limits(1000).anywhere


def test_a_long_sentence_is_cut_at_a_comma() -> None:
    many = " ".join(["word"] * 22)
    sentence = " ".join(["word"] * 4) + "."
    assert texts(f"{sentence * 5} {many}, {many}.".replace(".w", ". w"))[5:] == [f"{many},", f"{many}."]


def test_a_sentence_without_end_is_cut_between_words() -> None:
    made = texts("Good evening to you. " + "word " * 200)
    assert max(len(clause.split()) for clause in made) <= 40
    assert len(made) < 10


@pytest.mark.parametrize(
    "sentence",
    [
        "Dr. Smith and Mrs. Jones met J. R. R. Tolkien.",
        "The U.S. Army is old.",
        "Take fruit, e.g. apples.",
        "Pi is 3.14 or so.",
        "It is 10:30 now.",
        "It costs 1,000 dollars.",
        "See https://example.com/a.b?c=d, please.",
        "Look at No. 5 there.",
        "It may be... perhaps.",
        "He won 3.5 points.",
    ],
)
def test_a_full_stop_inside_a_sentence_does_not_end_it(sentence: str) -> None:
    start = "Good evening to you and to all your friends here tonight. "
    assert texts(start + sentence + " Yes.")[-2:] == [sentence, "Yes."]


def test_a_german_ordinal_does_not_end_a_sentence() -> None:
    assert texts("Guten Abend zusammen. Am 3. Mai regnet es. Ja.", "de")[1:] == ["Am 3. Mai regnet es.", "Ja."]


def test_a_date_is_not_cut_at_its_comma() -> None:
    assert texts("On May 5, 2020 it rained.") == ["On May 5, 2020 it rained."]


def test_a_number_stays_with_what_it_counts() -> None:
    first = texts("The nearest station from here lies about only 5 kilometers away")[0]
    assert not first.endswith("5")


def test_the_number_of_a_list_item_is_not_a_clause() -> None:
    assert texts("1: Preheat the oven.")[0] != "1:"


@pytest.mark.parametrize("closer", ['"', "”", ")", "'", '."', "**"])
def test_what_closes_a_sentence_stays_with_it(closer: str) -> None:
    assert texts(f"He said yes.{closer} Then he left.") == [f"He said yes.{closer}", "Then he left."]


def test_a_quoted_question_does_not_end_the_sentence_around_it() -> None:
    assert cut('"Really?" she asked.') == [Clause('"Really?"', False), Clause("she asked.", True)]


def test_chinese_closing_marks_stay_with_the_sentence() -> None:
    assert texts("他说：“你好。”然后走了。", "zh") == ["他说：", "“你好。”", "然后走了。"]


def test_an_ellipsis_ends_a_sentence_when_a_capital_follows() -> None:
    assert cut("Well... I see.")[0] == Clause("Well...", True)
    assert cut("Well... perhaps.")[0] == Clause("Well...", False)


def test_the_answer_no_is_spoken_at_once() -> None:
    assert cut("No. It is not.") == [Clause("No.", True), Clause("It is not.", True)]


def test_a_line_is_a_sentence() -> None:
    assert cut("Apples\nPears\n\nPlums") == [Clause("Apples", True), Clause("Pears", True), Clause("Plums", True)]


def test_a_line_of_four_words_still_ends_a_sentence() -> None:
    assert cut("one two three four\nfive")[0].ends_sentence


def test_the_end_of_the_reply_ends_a_sentence() -> None:
    assert cut("and so on") == [Clause("and so on", True)]


def test_after_flush_a_new_reply_begins() -> None:
    cutter = ClauseCutter("en")
    first = cutter.feed("Sure, I can help with") + cutter.flush()
    assert cutter.feed("Sure, I can help with") + cutter.flush() == first
    assert cutter.flush() == []


def test_an_unlisted_language_is_cut_at_its_punctuation() -> None:
    assert texts("Certo, posso aiutarti. Va bene.", "it") == ["Certo,", "posso aiutarti.", "Va bene."]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "It is 2 oh 5 PM."),
        ("de", "Es ist 14 Uhr 5."),
        ("fr", "Il est 14 heures 5."),
        ("fr", "Il est vingt-et-une heures vingt-et-une."),
        ("es", "Son las 2 y 5 de la tarde."),
        ("it", "Sono le 14 e 5."),
        ("nl", "Het is 14 uur 5."),
        ("pt", "São 14 horas e 5."),
        ("zh", "现在是下午两点零五分。"),
    ],
)
def test_the_time_of_day_is_told_in_one_breath(language: str, text: str) -> None:
    cutter = ClauseCutter(language)
    assert [*cutter.feed(text), *cutter.flush()] == [Clause(text, ends_sentence=True)]
