import pytest

from assistant.tts.words import words_to_say


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("**bold**", "bold"),
        ("*italic*,", "italic,"),
        ("__init__", "init"),
        ("_so_.", "so."),
        ("snake_case", "snake case"),
        ("~~gone~~", "gone"),
        ("`code`", "code"),
        ("`foo_bar(a, b)`", "foo bar a, b"),
        ('`<div class="x">`', "div class x"),
        ("[text](https://example.com/a?b)", "text"),
        ("docs](http://x.org).", "docs."),
        ("![cat](cat.png)", "cat"),
        ("true[1][^2].", "true."),
        ("<b>bold</b>", "bold"),
        ("H<sub>2</sub>O", "H2O"),
        ("one<br/>two", "one two"),
        ("AT&amp;T", "AT&T"),
        ("caf&eacute;", "café"),
        ("\\*star\\*", "star"),
        ("don't", "don't"),
        ("(yes)", "(yes)"),
        ("3.14", "3.14"),
    ],
)
def test_markup_is_not_said(written: str, said: str) -> None:
    assert words_to_say(written, "en") == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("https://www.example.com/path?x=1.", "example dot com."),
        ("(http://foo.org/bar)", "(foo dot org)"),
        ("<https://example.com>", "example dot com"),
        ("www.example.co.uk", "example dot co dot uk"),
        ("http://192.168.1.1:8080/", "192 dot 168 dot 1 dot 1"),
        ("https://user:secret@example.com", "example dot com"),
        ("example.com/foo,", "example dot com,"),
        ("joe.doe@example.com", "joe.doe at example dot com"),
        ("mailto:joe@example.com", "joe at example dot com"),
        ("main.py", "main.py"),
    ],
)
def test_an_address_is_said_as_its_host(written: str, said: str) -> None:
    assert words_to_say(written, "en") == said


def test_an_address_is_said_in_the_language_of_the_voice() -> None:
    assert words_to_say("https://beispiel.de/x", "de") == "beispiel Punkt de"
    assert words_to_say("https://example.com。", "zh") == "example 点 com。"
    assert words_to_say("https://example.it/x", "it") == "example.it"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("$5", "5 dollars"),
        ("$1.", "1 dollar."),
        ("$5.50", "5 dollars and 50 cents"),
        ("$5.00", "5 dollars"),
        ("$1,234.56", "1,234 dollars and 56 cents"),
        ("€0.99", "99 cents"),
        ("£2.05", "2 pounds and 5 pence"),
        ("¥500", "500 yen"),
        ("$3.2 million", "3.2 million dollars"),
        ("$5M", "5 million dollars"),
        ("5$", "5 dollars"),
        ("$5 :)", "5 dollars"),
    ],
)
def test_an_english_price_has_its_currency_last(written: str, said: str) -> None:
    assert words_to_say(written, "en") == said


def test_other_languages_leave_the_currency_to_the_synthesiser() -> None:
    assert words_to_say("$5.50", "it") == "5.50 $"
    assert words_to_say("$5M", "it") == "5M $"
    assert words_to_say("5€", "nl") == "5€"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("20°C", "20°C"),
        ("20℃", "20°C"),
        ("50%", "50%"),
        ("#1", "number 1"),
        ("#news", "news"),
        ("C#", "C sharp"),
        ("2:05", "2 oh 5"),
        ("10:30", "10:30"),
        ("1:02:05", "1:02:05"),
        ("5–10", "5 to 10"),
        ("5-10", "5 to 10"),
        ("2020-01-05", "January 5, 2020"),
        ("555-1234", "5 5 5, 1 2 3 4"),
        ("~5", "about 5"),
        ("→", "to"),
        ("->", "to"),
        ("<", "less than"),
        (">=", "greater than or equal to"),
        ("2*3", "2×3"),
        ("*", "×"),
        ("2**8", "2 to the power of 8"),
        ("x^2", "x to the power of 2"),
        ("m²", "m squared"),
        ("km/h", "kilometers per hour"),
        ("and/or", "and or"),
        ("24/7", "24 7"),
        ("1/2", "one half"),
    ],
)
def test_symbols_are_english_words(written: str, said: str) -> None:
    assert words_to_say(written, "en") == said


def test_an_ampersand_is_said_in_spanish() -> None:
    assert words_to_say("pan&vino", "es") == "pan y vino"


@pytest.mark.parametrize(
    "emoji",
    [
        "😊",
        "👋🏽",
        "👨\u200d👩\u200d👧",
        "🇩🇪",
        "1️⃣",
        "❤️\u200d🔥",
        "☕",
        "✅",
        "🏴\U000e0067\U000e0062\U000e007f",
        "™",
        ":-)",
        "<3",
    ],
)
def test_an_emoji_is_not_said(emoji: str) -> None:
    assert words_to_say(emoji, "en") == ""
    assert words_to_say(f"Great {emoji}", "en") == "Great"


def test_what_cannot_be_seen_is_not_said() -> None:
    assert words_to_say("zero\u200bwidth\ufeff\x07\u202e so\u00adft", "en") == "zerowidth soft"


def test_joiners_that_are_spelling_stay() -> None:
    assert words_to_say("می\u200cخواهم", "fa") == "می\u200cخواهم"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Wow!!!", "Wow!"),
        ("What?!?!", "What?"),
        ("Well.....", "Well..."),
        ("yes---no", "yes—no"),
        ("--help", "help"),
        ("-", "–"),
        ("--", "–"),
        ("##", ""),
        ("|", ""),
        ("\\", ""),
        ("'", ""),
        ("!", "!"),
        ("", ""),
    ],
)
def test_punctuation_is_what_a_reader_would_breathe_at(written: str, said: str) -> None:
    assert words_to_say(written, "en") == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("𝐇𝐞𝐥𝐥𝐨", "Hello"),
        ("ｗｉｄｅ", "wide"),
        ("ﬁne", "fine"),
        ("①", "1"),
        ("cafe\u0301", "café"),
        ("x²", "x squared"),
    ],
)
def test_letters_in_other_forms_are_the_usual_ones(written: str, said: str) -> None:
    assert words_to_say(written, "en") == said


@pytest.mark.parametrize("written", ["東京", "Привет", "नमस्ते", "สวัสดี", "שלום", "مرحبا", "(こんにちは)"])
def test_a_script_that_the_voice_cannot_read_is_left_out(written: str) -> None:
    assert words_to_say(written, "en") == ""
    assert words_to_say(f"Tokyo {written}, yes", "en").split() == ["Tokyo", ",", "yes"]


def test_what_a_voice_can_read_is_not_left_out() -> None:
    assert words_to_say("東京の人々", "ja") == "東京の人々"
    assert words_to_say("naïve Ångström π Þór", "en") == "naïve Ångström π Þór"
    assert words_to_say("٣٤", "en") == "34"
    assert words_to_say("Привет", "ru") == "Привет"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("<p>One.</p><p>Two.</p>", "One.\nTwo."),
        ("this is a <test>", "this is a test"),
        ("a<b and c>d", "a less than b and c greater than d"),
        ("Sure!😊Here", "Sure! Here"),
        ("Great 😊.", "Great."),
        ("List<String>", "List String"),
    ],
)
def test_markup_neither_vanishes_nor_glues_words(written: str, said: str) -> None:
    assert words_to_say(written, "en") == said
