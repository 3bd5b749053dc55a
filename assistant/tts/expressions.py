"""Numbers and the signs between them: prices, units, dates, ranges, telephone numbers, numerals, by language.

What a sign means depends on its neighbours ("5-3=2", "5-10 people", "555-1234"): that is decided here, once for all
languages, and written with the one sign that means it (− for minus, – for a range, ÷ for division). The language's
table says what is said for the sign.
"""

import re
from collections.abc import Sequence
from functools import cache

from assistant.language.abbreviations import is_abbreviation
from assistant.language.tables import Dates, Prices, Reading, tables_of

CURRENCY = "$€£¥₹"
NUMBER = r"\d[\d.,]*\d|\d"

OPERATOR = re.compile(r"[-−–+*×·/÷=<>≤≥≠±^]|[<>!=]=|\*\*")
"""A sign that stands alone between two operands."""
OPERAND = re.compile(rf"[(\[]*[-−+]?[{CURRENCY}]?(?:\d\S*|[A-Za-z](?:\^\S*|[²³])?)[)\].,;:?!]*")
ENDS_WITH_NUMBER = re.compile(r"\S*\d[%°)]?|\d[\w^]*")
PHONE_START = re.compile(r"\+\d{1,3}|\+?\d*\(\d{1,5}\)")
PHONE_PART = re.compile(r"\(?\d{2,}[\d()/-]*[.,;:?!)]*")
VULGAR = re.compile(r"\d+/\d+\S*")
MAX_JOINED = 40
"""Length in characters of a word that may belong to an expression."""

MINUS_BEFORE = re.compile(r"(?<![\w.,)%-])-(?=\.?\d|[$€£¥₹]\d|[a-zA-Z]\b)|(?<=[=(<>+*×÷/])-(?=[\w.])")
SPACED_MINUS = re.compile(r"(?<=[\w)%²³])\s+[-–−]\s+(?=[\w(−.])")
TIGHT_MINUS = re.compile(r"(?<=[\d)])-(?=[\w(])|(?<=\b[A-Za-z])-(?=\d)")
ASCENDING = re.compile(rf"({NUMBER}) [-–−] ({NUMBER})(?![\d.]*\s*[-+*×/÷=])")
RANGE = re.compile(
    r"(?<![\w.,:/-])(\d{1,3}%|\d{1,2}(?::\d\d)?|\d+[.,]\d+|(?:1[5-9]|20)\d\d)\s?-\s?"
    r"(\d{1,3}%|\d{1,2}(?::\d\d)?|\d+[.,]\d+|(?:1[5-9]|20)\d\d)(?![\d:/-])"
)
PHONE = re.compile(
    r"(?<![\w.,:/-])(?:\+\d{1,3}[\s-]*)?(?:\(\d{1,5}\)\s*)?\d{2,5}(?:[\s/-]\d{2,8})+(?![\w/-])|(?<![\w.])\+\d{7,15}\b"
)
ISO_DATE = re.compile(r"(?<![\d-])(\d{4})-(\d\d)-(\d\d)(?![\d-])")
NUMERIC_DATE = re.compile(r"(?<![\d./])(\d\d?)([./])(\d\d?)\2(\d{4})(?![\d/])")
ROMAN_NUMBER = re.compile(r"(?=[XVI])(X{0,3})(IX|IV|V?I{0,3})")
ROMAN = re.compile(r"(?=[XVI]{2,})(X{0,3})(IX|IV|V?I{0,3})")
LIST = re.compile(r"(?<![\w,.])\d+(?:,\d+){2,}")
THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+")
SUPERSCRIPTS = str.maketrans("⁰¹⁴⁵⁶⁷⁸⁹⁺⁻ⁿ", "01456789+−n")
SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
VULGAR_SIGNS = {
    "½": "1/2",
    "⅓": "1/3",
    "⅔": "2/3",
    "¼": "1/4",
    "¾": "3/4",
    "⅛": "1/8",
    "⅜": "3/8",
    "⅝": "5/8",
    "⅞": "7/8",
}


def joins(run: str, word: str, following: str, language: str) -> bool | None:
    """Whether `following` belongs to the expression `run`, whose last word is `word`.

    None when nothing that follows could.
    """
    if len(word) > MAX_JOINED:
        return None
    bare = word.strip("(\"'*_~≈")
    if OPERATOR.fullmatch(word):
        return None if run == word else OPERAND.fullmatch(following) is not None
    if PHONE_START.match(run):
        return PHONE_PART.fullmatch(following) is not None or _goes_on(following, language)
    is_variable = re.fullmatch(r"[A-Za-z](?:\^\S*|[²³])?", word) and word.lower() not in _leaning(language)
    if ENDS_WITH_NUMBER.fullmatch(bare) or word[-1:] in CURRENCY or (is_variable and run != word):
        return _goes_on(following, language)
    return OPERATOR.fullmatch(following) is not None if is_variable else None


def depends_on_following(text: str, language: str) -> bool:
    """Whether what is said for `text` depends on the character after it: a unit or a numeral with a full stop."""
    if not text.endswith("."):
        return False
    word = text[-MAX_JOINED:].split()[-1].strip("(\"'*_.")
    return _stem(word) in _compiled(language).stopped or _is_numeral(word)


def said(text: str, language: str, before: str, following: str) -> str:
    """Say the numbers and signs of `text`, one word or one expression.

    `before` is the word in front of it, `following` the next character that is not a space, if that matters.
    """
    reading = tables_of(language).reading
    compiled = _compiled(language)
    if following and depends_on_following(text, language) and _goes_on_after(text, following, language):
        text = text[:-1]
    text = re.sub(r"\bUS\$(?=\d)", "$", re.sub(r"([$€£])-(?=\d)", r"-\1", text))
    text = text.replace("℃", "°C").replace("℉", "°F")
    text = LIST.sub(lambda found: found[0] if THOUSANDS.fullmatch(found[0]) else found[0].replace(",", ", "), text)
    text = re.sub(r"[⁰¹⁴⁵⁶⁷⁸⁹⁺⁻ⁿ]+", lambda power: "^" + power[0].translate(SUPERSCRIPTS), text.translate(SUBSCRIPTS))
    text = re.sub(r"(\d?)([½⅓⅔¼¾⅛⅜⅝⅞])", lambda sign: f"{sign[1]} {VULGAR_SIGNS[sign[2]]}".strip(), text)
    text = _dates(text, reading.dates)
    text = _with_certain_signs(text)
    text = PHONE.sub(lambda phone: _digits(phone[0]) if _is_phone(phone[0]) else phone[0], text)
    text = compiled.price.sub(lambda price: _price(price, reading.prices), text)
    text = compiled.mixed.sub(rf"\1 {reading.fraction_joined_by} \2", text) if reading.fraction_joined_by else text
    if compiled.fraction is not None:
        text = compiled.fraction.sub(lambda fraction: reading.fractions[fraction[0]], text)
    if compiled.unit is not None:
        text = compiled.unit.sub(lambda unit: _unit(unit, reading), text)
    text = _numerals(_expanded(text, reading), before, reading)
    for symbol, words in compiled.symbols:
        text = symbol.sub(words, text)
    return re.sub(r"~(?=\d)|#(?=\w)", "", text.replace("−", "-"))


def _stem(word: str) -> str:
    """Return the letters at the end of "5km"."""
    return word.lstrip("0123456789.,/½¼¾")


def _goes_on_after(text: str, following: str, language: str) -> bool:
    """Whether the full stop of `text` is one of an abbreviation in front of `following`."""
    word = text.split()[-1].strip("(\"'*_")
    if _is_numeral(word[:-1]):
        return tables_of(language).abbreviations.ordinals_with_stop and following.islower()
    stem = _stem(word)
    is_letter = len(stem.rstrip(".")) == 1  # of a unit: "1 m.", no initial
    return not following.isupper() if is_letter else is_abbreviation(stem, following, language)


def _is_numeral(word: str) -> bool:
    return len(word) > 1 and ROMAN.fullmatch(word) is not None


def _expanded(text: str, reading: Reading) -> str:
    """Write out an abbreviation that stands alone, with its full stop if that ends a sentence."""
    stem = text.rstrip(".,;:")
    return reading.expansions.get(stem, stem) + text[len(stem) :]


def _leaning(language: str) -> frozenset[str]:
    clauses = tables_of(language).clauses
    return clauses.leaning | clauses.conjunctions


def _goes_on(following: str, language: str) -> bool:
    if OPERATOR.fullmatch(following) or VULGAR.fullmatch(following) or following[:1] in set(CURRENCY) - {"$"}:
        return len(following) <= MAX_JOINED
    bare = re.match(r"[\w°²³/.]*[\w°²³]", following)
    return bare is not None and bare[0] in _compiled(language).words


def _with_certain_signs(text: str) -> str:
    """Write minus, range and division each with its own sign."""
    text = re.sub(r"(?<=[\w)]) / (?=[\w(])", " ÷ ", text)
    if re.search(r"(?<![<>!=])=(?!=)", text) and re.search(r"\d|\b[a-z]\b", text):
        text = TIGHT_MINUS.sub(" − ", text)
        text = re.sub(r"(?<=[\d)])/(?=[\d(])", " ÷ ", text)
    elif (ascending := ASCENDING.fullmatch(text)) and _value(ascending[1]) < _value(ascending[2]):
        return f"{ascending[1]}–{ascending[2]}"
    text = SPACED_MINUS.sub(" − ", text)
    text = MINUS_BEFORE.sub("−", text)
    return RANGE.sub(lambda found: found[0] if ISO_DATE.search(found[0]) else f"{found[1]}–{found[2]}", text)


def _value(number: str) -> float:
    digits = number.replace(",", "")
    return float(digits) if digits.count(".") <= 1 else 0.0


def _is_phone(text: str) -> bool:
    digits = sum(character.isdigit() for character in text)
    groups = re.findall(r"\d+", text)
    is_marked = text[0] in "+(" and digits >= 7
    return is_marked or (len(groups) > 1 and "-" in text and 7 <= digits <= 15 and " " not in text and len(groups) <= 4)


def _digits(phone: str) -> str:
    groups = [" ".join(group) for group in re.findall(r"\d+", phone)]
    return ("+" if phone.startswith("+") else "") + ", ".join(groups)


def _dates(text: str, dates: Dates | None) -> str:
    if dates is None:
        return text

    def spelled(year: str, month: str, day: str, written: str) -> str:
        if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
            return written
        return dates.said.format(year=year, month=dates.months[int(month) - 1], day=int(day))

    def numeric(date: re.Match[str]) -> str:
        first, sign, second, year = date.groups()
        month_first = dates.month_first and sign == "/" and int(first) <= 12
        month, day = (first, second) if month_first else (second, first)
        return spelled(year, month, day, date[0])

    text = ISO_DATE.sub(lambda date: spelled(date[1], date[2], date[3], date[0]), text)
    return NUMERIC_DATE.sub(numeric, text)


def _numerals(text: str, before: str, reading: Reading) -> str:
    """Say roman numerals after a capitalised word: kings and popes have ordinals, chapters and wars numbers."""
    if reading.numeral_endings:
        ending = "|".join(sorted(reading.numeral_endings))
        century = re.match(rf"([XVI]+)({ending})(?!\w)", text)
        if century is not None and ROMAN_NUMBER.fullmatch(century[1]):
            return f"{_roman(century[1])}{text[century.end(1) :]}"
    numeral = re.match(r"([XVI]{2,})(?!\w)", text)
    before = before.strip("\"'“‘(*_")
    named = before in reading.monarchs
    if numeral is None or not _is_numeral(numeral[1]) or not (named or before in reading.numbered):
        return text
    number = _roman(numeral[1])
    if named and reading.ordinals:
        return (reading.ordinals.get(str(number)) or reading.ordinals["other"].format(number)) + text[numeral.end() :]
    return str(number) + text[numeral.end() :]


def _roman(numeral: str) -> int:
    values = [{"I": 1, "V": 5, "X": 10}[letter] for letter in numeral]
    return sum(-v if v < after else v for v, after in zip(values, [*values[1:], 0], strict=True))


class _Compiled:
    """The expressions of one language."""

    def __init__(self, reading: Reading) -> None:
        prices = reading.prices
        scales = "|".join(sorted(map(re.escape, prices.scales), key=len, reverse=True)) if prices else ""
        letters = "|".join(sorted(prices.letters, key=len, reverse=True)) if prices and prices.letters else "[kKMB]"
        scale = rf"(?P<scale>\s+(?:{scales})\b)?" if scales else "(?P<scale>)"
        second = rf"(?:\s?[-–−]\s?[{CURRENCY}]?(?P<second>{NUMBER}))?"
        amount = rf"(?P<amount_>{NUMBER})(?:(?P<letter_>{letters})\b)?(?P<scale_>\s+(?:{scales})\b)?"
        last = rf"|{amount}\s?(?P<sign_>[{CURRENCY}])"
        self.price = re.compile(
            rf"(?:(?P<sign>[{CURRENCY}])(?P<amount>{NUMBER}){second}(?:(?P<letter>{letters})\b)?{scale}"
            + (last if scales else "")
            + r")(?P<per>/(?=[A-Za-z]))?"
        )
        units = "|".join(sorted(map(re.escape, reading.units), key=len, reverse=True))
        self.unit = re.compile(rf"(?<![A-Za-z\d.,])({NUMBER})\s?({units})(?![A-Za-z\d²³/°])") if units else None
        fractions = "|".join(map(re.escape, reading.fractions))
        self.fraction = re.compile(rf"(?<![\d/.])(?:{fractions})(?![\d/])") if fractions else None
        self.mixed = re.compile(r"(?<![\d/])(\d+) (\d/\d)(?![\d/])")
        self.symbols: Sequence[tuple[re.Pattern[str], str]] = [(re.compile(s.written), s.said) for s in reading.symbols]
        scale_words = frozenset(word.rstrip(".") for word in prices.scales) if prices else frozenset()
        self.words = frozenset(reading.units) | scale_words | reading.after_numbers
        """Words that may belong to the number before them."""
        self.stopped = self.words | frozenset(reading.expansions)
        """Words whose full stop may be that of an abbreviation."""


@cache
def _compiled(language: str) -> _Compiled:
    return _Compiled(tables_of(language).reading)


def _unit(unit: re.Match[str], reading: Reading) -> str:
    known = reading.units[unit[2]]
    said = known.many if known.many and unit[1] != "1" else known.one
    return said.format(unit[1]) if "{" in said else f"{unit[1]} {said}"


def _price(price: re.Match[str], known: Prices | None) -> str:
    """Put the amount before the currency, with cents and millions in their places."""
    found = {name.rstrip("_"): text for name, text in price.groupdict().items() if text}
    sign, amount, letter, scale = (found.get(name, "") for name in ("sign", "amount", "letter", "scale"))
    if known is None:
        second = f"–{found['second']}" if "second" in found else ""
        return f"{amount}{second}{letter} {sign}" + found.get("per", "")
    per = f" {known.per} " if "per" in found else ""
    scale = f" {known.letters[letter]}{scale}" if letter else scale
    currency = known.units[sign]
    one = amount == "1" and not scale and "second" not in found
    if "second" in found:
        amount = f"{amount}–{found['second']}"
    whole, point, coins = amount.partition(known.decimal)
    if not point or len(coins) != 2 or scale or not currency.coins or "second" in found:
        unit = currency.one if one else currency.many
        return known.said.format(amount=amount + scale, unit=unit) + per
    unit = currency.one if whole == "1" else currency.many
    if not int(coins):
        return known.said.format(amount=whole, unit=unit) + per
    if whole == "0":
        return f"{int(coins)} {currency.coins}" + per
    return known.with_coins.format(whole=whole, unit=unit, coins=int(coins), coin=currency.coins) + per
