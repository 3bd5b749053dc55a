"""What is said for one written word: addresses, prices, symbols, emphasis, emoji."""

import html
import re
from collections.abc import Sequence
from functools import cache

from assistant.language.tables import Prices, tables_of

CODE_SPAN = re.compile(r"(`+)(.+?)\1")
ANGLED_ADDRESS = re.compile(r"<((?:https?://|mailto:)[^<>\s]+|[^<>\s@]+@[^<>\s]+)>")
LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
TAG = re.compile(r"<!--.*?-->|</?[A-Za-z][^<>]*>")
LINK_TARGET = re.compile(r"\]\([^)\n]*\)")
REFERENCE = re.compile(r"\[\^?\d+\]")
ENTITY = re.compile(r"&#?\w{2,8};")

URL = re.compile(r"(?:https?://|www\.)(?:(?![<>\"])[!-~])*[\w/&=#%+~-]", re.ASCII | re.IGNORECASE)
DOMAIN = re.compile(
    r"(?<![\w@./-])((?:[a-z0-9-]+\.)+(?:com|org|net|edu|gov|io|ai|dev|app|eu|uk|de|fr|es|cn))(?![\w.-]*\w)"
    r"(?:/[^\s),;]*[^\s.),;!?])?/?"
)
EMAIL = re.compile(r"(?:mailto:)?([\w.+-]+)@([\w-]+(?:\.[\w-]+)+)")

EMOJI = re.compile(
    "[0-9#*]\ufe0f?\u20e3|"
    "[\u00a9\u00ae\u2122\u2139\u231a-\u23ff\u2460-\u24ff\u25a0-\u27bf\u2934\u2935\u2b00-\u2bff\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001faff\ufe00-\ufe0f\u20e3\U000e0020-\U000e007f]\u200d?"
)
"""Keycaps; symbols and dingbats, pictographs, flags, skin tones, variation selectors and tags, with their joiners."""
EMOTICON = re.compile(r"(?<!\S)(?:[:;=][-']?[()DPpO|]+|<3)(?=[\s.,!?]|$)")

INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffd]"
    "|(?<![\u0600-\u0dff])[\u200c\u200d]"
)
"""Controls and characters without width. Joiners after Arabic and Indic letters are spelling and stay."""

ALONE = re.compile(r"[#/\\|^~`'\"<>→⇒_*]+|[-=]+>")
"""Not spoken when they stand alone."""


def words_to_say(written: str, language: str) -> str:
    """Normalise `written`: one word with its markup and punctuation, or a span of words that belong together.

    Returns an empty text when there is nothing to say.
    """
    said = CODE_SPAN.sub(_code, written)
    said = _without_markup(said)
    said = _addresses(said, language)
    for unsaid in (EMOJI, EMOTICON, INVISIBLE):
        said = unsaid.sub("", said)
    said = _without_emphasis(said)
    said = _symbols(said, language)
    return " ".join(_punctuation(said).split())


def _code(span: re.Match[str]) -> str:
    """Keep the words of a name or an expression, without brackets and signs."""
    return re.sub(r"[^\w\s.,+#%-]|_", " ", span[2]).strip()


def _without_markup(text: str) -> str:
    text = ANGLED_ADDRESS.sub(r"\1", text)
    text = TAG.sub("", LINE_BREAK.sub(" ", text))
    text = LINK_TARGET.sub("", text.replace("![", "["))
    text = REFERENCE.sub("", text)
    return ENTITY.sub(lambda entity: html.unescape(entity[0]), text)


def _addresses(text: str, language: str) -> str:
    text = URL.sub(lambda url: _host(url[0], language), text)
    at = tables_of(language).reading.at
    if at:
        text = EMAIL.sub(lambda email: f"{email[1]} {at} {_host(email[2], language)}", text)
    return DOMAIN.sub(lambda domain: _host(domain[1], language), text)


def _host(address: str, language: str) -> str:
    """Keep the host of an address, as it is read out, without path, user and port."""
    host = re.sub(r"^(?:https?://)?(?:[^@/]*@)?(?:www\.)?", "", address, flags=re.IGNORECASE)
    host = re.split(r"[/?#:]", host)[0]
    dot = tables_of(language).reading.dot
    return host.replace(".", f" {dot} ") if dot else host


def _without_emphasis(text: str) -> str:
    if text == "*":
        return "×"
    text = re.sub(r"\\(?=[\\`*_{}\[\]()#+.!|>~-])", "", text)
    text = re.sub(r"(?<=\d)\*\*(?=\d)", "^", text)
    text = re.sub(r"\*\*|__|~~", "", text)
    text = re.sub(r"(?<=[0-9A-Za-z)])\*(?=[0-9A-Za-z(])", "×", text)
    text = re.sub(r"(?<![^\W_])_+|_+(?![^\W_])|[*`\[\]{}]", "", text)
    return re.sub(r"[_|\\]", " ", text)


def _symbols(text: str, language: str) -> str:
    text = text.replace("℃", "°C").replace("℉", "°F")
    prices = tables_of(language).reading.prices
    price, symbols = _expressions(language)
    text = price.sub(lambda match: _price(match, prices), text)
    for symbol, said in symbols:
        text = symbol.sub(said, text)
    return re.sub(r"~(?=\d)|#(?=\w)", "", text)


@cache
def _expressions(language: str) -> tuple[re.Pattern[str], Sequence[tuple[re.Pattern[str], str]]]:
    """Compile the language's price (sign, amount, letter, scale), and its symbols with what is said for them."""
    reading = tables_of(language).reading
    scales = "|".join(reading.prices.scales) if reading.prices else ""
    scale = rf"(\s+(?:{scales})\b)?" if scales else "()"
    price = re.compile(rf"([$€£¥₹])(\d[\d.,]*\d|\d)(?:([kKMB])\b)?{scale}")
    return price, [(re.compile(symbol.written), symbol.said) for symbol in reading.symbols]


def _price(price: re.Match[str], known: Prices | None) -> str:
    """Put the amount before the currency, with cents and millions in their places."""
    sign, amount, letter, scale = price.groups(default="")
    if known is None:
        return f"{amount}{letter} {sign}"
    scale = f" {known.letters[letter]}{scale}" if letter else scale
    currency = known.units[sign]
    unit = currency.one if amount == "1" and not scale else currency.many
    whole, point, coins = amount.partition(".")
    if not point or len(coins) != 2 or scale or not currency.coins:
        return f"{amount}{scale} {unit}"
    unit = currency.one if whole == "1" else currency.many
    said_coins = f"{int(coins)} {currency.coins}"
    if not int(coins):
        return f"{whole} {unit}"
    return said_coins if whole == "0" else f"{whole} {unit} {known.joined_by} {said_coins}"


def _punctuation(text: str) -> str:
    text = text.strip()
    if ALONE.fullmatch(text):
        return ""
    if re.fullmatch(r"[-–—]+", text):
        return "–"  # between spaces espeak pauses at it, and not at a hyphen
    text = re.sub(r"[!?]{2,}", lambda marks: "?" if "?" in marks[0] else "!", text)
    text = re.sub(r"\.{4,}|…+", "...", text)
    text = re.sub(r"(?<=\w)-{2,}(?=\w)", "—", text)
    return re.sub(r"([,;:。！？，、—])\1+", r"\1", re.sub(r"^-{2,}", "", text))
