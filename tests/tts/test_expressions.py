"""Numbers and signs, as they are said in a reply."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from piper.phonemize_espeak import EspeakPhonemizer

from assistant.tts.normalisation import TextNormaliser


def say(text: str, language: str = "en", size: int | None = None) -> str:
    normaliser = TextNormaliser(language)
    pieces = [text] if size is None else [text[start : start + size] for start in range(0, len(text), size)]
    return "".join(normaliser.feed(piece) for piece in pieces) + normaliser.flush()


def sound(text: str) -> str:
    """The phonemes of an English text, without stress and pauses."""
    phonemes = (phoneme for sentence in EspeakPhonemizer().phonemize("en-us", text) for phoneme in sentence)
    return "".join(phoneme for phoneme in phonemes if phoneme.isalpha() and phoneme not in "ˈˌ")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("It starts at 7:05.", "It starts at seven oh five."),
        ("Lunch is at 12:00.", "Lunch is at twelve o'clock."),
        ("The alarm is set for 8:00 AM.", "The alarm is set for eight o'clock a.m."),
        ("It is 19:45, or 7:30 p.m.", "It is nineteen forty five, or seven thirty p.m."),
        ("5 - 3 = 2", "five minus three equals two"),
        ("5-3=2", "five minus three equals two"),
        ("x = -2", "x equals minus two"),
        ("x - y = 3", "x minus y equals three"),
        ("8 / 2 = 4", "eight divided by two equals four"),
        ("5 × 3 ÷ 2", "five times three divided by two"),
        ("Add 1/2 cup of milk.", "Add one half cup of milk."),
        ("Add 3/4 teaspoon of salt.", "Add three quarters teaspoon of salt."),
        ("Add 1 1/2 or 2½ cups.", "Add one and one half or two and one half cups."),
        ("It costs $10-$20.", "It costs ten to twenty dollars."),
        ("Bake for 10-15 minutes.", "Bake for ten to fifteen minutes."),
        ("Bake for 10 - 15 minutes.", "Bake for ten to fifteen minutes."),
        ("50%-60%", "fifty percent to sixty percent"),
        ("A $3bn deal.", "A three billion dollars deal."),
        ("It is $5/month.", "It is five dollars a month."),
        ("It costs $5.99.", "It costs five dollars and ninety nine cents."),
        ("It is 3 km away.", "It is three kilometers away."),
        ("It is 1 km away.", "It is one kilometer away."),
        ("Use 12 oz of pasta.", "Use twelve ounces of pasta."),
        ("It weighs 80kg.", "It weighs eighty kilograms."),
        ("It is 98.6 degrees, not -3.", "It is ninety eight point six degrees, not minus three."),
        ("The odds are 5:1.", "The odds are five to one."),
        ("10⁻⁵", "ten to the power of minus five"),
        ("Henry VIII and Chapter IV.", "Henry the eighth and Chapter four."),
        ("Ms. Lee lives on 5th Ave. near the park.", "Miz Lee lives on fifth avenue near the park."),
        ("Martin Luther King Jr. spoke.", "Martin Luther King junior spoke."),
        (r"The answer is \(\frac{1}{2}\).", "The answer is one half."),
        (
            "So $x^2 + y^2 = z^2$ holds.",
            "So x to the power of two plus y to the power of two equals z to the power of two holds.",
        ),
        (r"$6{x}_{1} + 4{x}_{2} \leq {24}$", "six x one plus four x two less than or equal to twenty four"),
        ("if a<b and c>d then stop", "if a less than b and c greater than d then stop"),
        ("Press <Enter> to go on.", "Press enter to go on."),
        ("Sure!😊Here it is.", "Sure! Here it is."),
    ],
)
def test_english_sounds_as_a_person_would_read_it(written: str, said: str) -> None:
    assert sound(say(written)) == sound(said)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Meet on 12/25/2024 or 2020-01-05.", "Meet on December 25, 2024 or January 5, 2020."),
        ("Version 13/40 of 99/99/2024.", "Version 13 over 40 of 99 over 99 over 2024."),
        ("Call (555) 123-4567 now.", "Call 5 5 5, 1 2 3, 4 5 6 7 now."),
        ("Call 555-123-4567.", "Call 5 5 5, 1 2 3, 4 5 6 7."),
        ("Intel i7-9700K, COVID-19 and F-16", "Intel i7-9700K, COVID-19 and F-16"),
        ("It is 5 ft. tall.", "It is 5 feet tall."),
        ("It is 5 ft. Then", "It is 5 feet. Then"),
        ("He is 5 years old - 3 of them here", "He is 5 years old – 3 of them here"),
        ("1,2,3,4 and 1,234,567", "1, 2, 3, 4 and 1,234,567"),
        ("from 9:00-17:00", "from 9 o'clock to 17 hundred"),
        ("I said IV.", "I said IV."),
        ("It is 1 m. He ran 100 m. in all", "It is 1 meter. He ran 100 meters in all"),
        ("-$5, US$5, $-5 and 5 USD", "minus 5 dollars, 5 dollars, minus 5 dollars and 5 dollars"),
        ("at 00:00 in WWII", "at midnight in World War 2"),
    ],
)
def test_what_a_sign_means_depends_on_its_neighbours(written: str, said: str) -> None:
    assert say(written) == said


@pytest.mark.parametrize(
    ("language", "written", "said"),
    [
        ("de", "Es kostet 5,50 €, um 14:05 Uhr.", "Es kostet 5 Euro 50, um 14 Uhr 5."),
        ("de", "Nach 3 km und 1 Std. Pause, 20 °C.", "Nach 3 Kilometer und 1 Stunde. Pause, 20 Grad Celsius."),
        ("de", "Am 25.12.2024 kamen 3 Mio. Menschen.", "Am 25. Dezember 2024 kamen 3 Millionen Menschen."),
        (
            "de",
            "Ludwig XIV. war bzw. ist 5 - 3 = 2",
            "Ludwig der Vierzehnte war beziehungsweise ist 5 minus 3 gleich 2",
        ),
        ("fr", "Le 25/12/2024 à 14h05, 5,50 €.", "Le 25 décembre 2024 à 14 heures 5, 5 euros 50."),
        ("fr", "3 km, 10-15 minutes, 1/2", "3 kilomètres, 10 à 15 minutes, un demi"),
        ("fr", "Le XIXe siècle", "Le 19e siècle"),
        ("zh", "3:1，50%~60%", "3比1，百分之50到百分之60"),
        ("es", "Cuesta 5,50 € y pesa 3 kg.", "Cuesta 5 euros con 50 céntimos y pesa 3 kilogramos."),
        ("es", "Felipe VI, el 25/12/2024, 5 - 3 = 2", "Felipe sexto, el 25 de diciembre de 2024, 5 menos 3 igual a 2"),
        ("zh", "距离3 km，5%，1/2，20℃。", "距离3公里，百分之5，二分之一，20摄氏度。"),
        ("zh", "2024-12-25，10-15分钟，5-3=2", "2024年12月25日，10到15分钟，5减3等于2"),
    ],
)
def test_each_language_has_its_own_conventions(language: str, written: str, said: str) -> None:
    assert say(written, language) == said


PARTS = st.sampled_from(
    [
        "5",
        "3",
        "1/2",
        "$5",
        "5€",
        "5,50",
        "14:05",
        "-3",
        "-",
        "/",
        "*",
        "=",
        "+",
        "<",
        "<b>",
        "</b>",
        "<x",
        "km",
        "oz.",
        "Std.",
        "million",
        "Mio.",
        "IV.",
        "Henry",
        "Jr.",
        "+1",
        "(555)",
        "123-4567",
        "a",
        "x",
        "I",
        "$x^2$",
        "\\(",
        "\\)",
        "\\frac{1}{2}",
        "x_1",
        "²",
        "😊",
        ".",
        ",",
        "%",
        "°",
        "°C",
        "漢",
        "字",
        "Привет",
        "ﬁ",
        "`",
        "```",
        "|",
        "\n",
        "&",
        "**",
        "12/25/2024",
        "2020-01-05",
    ]
)


@given(
    st.lists(st.tuples(PARTS, st.sampled_from(["", " ", " ", "  "]))),
    st.integers(1, 7),
    st.sampled_from(["en", "de", "fr", "es", "zh", "it", "xx"]),
)
def test_the_pieces_do_not_matter(parts: list[tuple[str, str]], size: int, language: str) -> None:
    text = "".join(part + space for part, space in parts)
    assert say(text, language, size) == say(text, language)


@given(st.integers(0, 9999), st.integers(0, 9999))
def test_a_difference_is_a_difference_however_it_is_spaced(one: int, other: int) -> None:
    assert say(f"{one}-{other}=5") == say(f"{one} - {other} = 5") == f"{one} minus {other} equals 5"


@given(st.integers(1, 12), st.integers(1, 28), st.integers(1000, 2999))
def test_a_date_is_the_same_in_both_its_forms(month: int, day: int, year: int) -> None:
    assert say(f"{year}-{month:02}-{day:02}") == say(f"{month}/{day}/{year}")
    assert say(f"{year}-{month:02}-{day:02}", "de") == say(f"{day}.{month}.{year}", "de")
