"""What is said for one written word: markup, addresses, emphasis, emoji, letters of other forms and scripts."""

import html
import re
import unicodedata
from functools import cache
from itertools import pairwise

from assistant.language.tables import tables_of
from assistant.tts import expressions, latex

CODE_SPAN = re.compile(r"(`+)(.+?)\1")
ANGLED_ADDRESS = re.compile(r"<((?:https?://|mailto:)[^<>\s]+|[^<>\s@]+@[^<>\s]+)>")
COMMENT = re.compile(r"<!--.*?-->")
TAG = re.compile(r"</?([A-Za-z][\w:|-]*)(?:\s+[\w:@.-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>]+))*\s*/?>")
"""A tag; "a<b and c>d" is none, since attributes have values."""
BLOCKS = frozenset(
    {
        "address",
        "article",
        "aside",
        "blockquote",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "option",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "title",
        "tr",
        "ul",
    }
)
"""Elements that stand on lines of their own."""
INLINE = frozenset(
    {
        "a",
        "abbr",
        "b",
        "bdi",
        "big",
        "body",
        "br",
        "button",
        "center",
        "cite",
        "code",
        "data",
        "del",
        "dfn",
        "em",
        "font",
        "head",
        "html",
        "i",
        "iframe",
        "img",
        "input",
        "ins",
        "kbd",
        "label",
        "link",
        "mark",
        "meta",
        "q",
        "s",
        "samp",
        "script",
        "small",
        "span",
        "strike",
        "strong",
        "style",
        "sub",
        "sup",
        "svg",
        "time",
        "tt",
        "u",
        "var",
        "video",
        "wbr",
    }
)
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
    "[\u00a9\u00ae\u2122\u2139\u231a-\u23ff\u25a0-\u27bf\u2934\u2935\u2b00-\u2bff\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001faff\ufe00-\ufe0f\u20e3\U000e0020-\U000e007f]\u200d?"
)
"""Keycaps; symbols and dingbats, pictographs, flags, skin tones, variation selectors and tags, with their joiners."""
PICTURES = re.compile(rf"(?:{EMOJI.pattern})+")
PICTURES_BEFORE_MARK = re.compile(rf"\s*(?:{EMOJI.pattern})+(?=\s*[.,;:!?])")
EMOTICON = re.compile(r"(?<!\S)(?:[:;=][-']?[()DPpO|]+|<3)(?=[\s.,!?]|$)")

INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffd]"
    "|(?<![\u0600-\u0dff])[\u200c\u200d]"
)
"""Controls and characters without width. Joiners after Arabic and Indic letters are spelling and stay."""

UNSPACED_SCRIPT = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
"""Thai, Lao, Burmese, Khmer, kana and Han: a line of them is not a word."""

ALONE = re.compile(r"[#/\\|^~`'\"<>→⇒_*]+|[-=]+>")
"""Not spoken when they stand alone."""


MIN_CODE = 24
MIN_CHANGES = 6
"""Length of a word, and how often it changes between letters and digits, from which it is a key or a hash. Names of
products, dates with times and equations are shorter or change less; a UUID has 36 characters, a commit 40."""
MAX_WORD = 80
"""Length of a word that is read: the longest in a German dictionary has 79 letters, and 80 letters or digits that are
spelt take 30 s."""
UNREADABLE = "\x00"
EVERYWHERE = frozenset(
    {"GREEK", "MICRO", "FEMININE", "MASCULINE", "MODIFIER", "COMBINING", "VARIATION", "SUPERSCRIPT", "SUBSCRIPT"}
    | {"VULGAR", "FRACTION", "DIGIT", "CIRCLED", "ROMAN"}
)
"""First words of Unicode names of letters, marks and numbers that belong to no foreign script."""
ALPHABET = re.compile(r"[\w+/=.:~-]{24,}", re.ASCII)


def words_to_say(written: str, language: str, before: str = "", following: str = "") -> str:
    """Normalise `written`: one word with its markup and punctuation, or a span of words that belong together.

    `before` is the word in front of it, `following` the next character that is not a space. Returns an empty text when
    there is nothing to say.
    """
    said = _usual_letters(written)
    if len(said) == 1 and UNSPACED_SCRIPT.match(said):  # one of thousands in a text without spaces
        return _readable(said, language).strip()
    said = CODE_SPAN.sub(_code, said)
    if latex.is_latex(said):
        said = latex.signs(said)
    said = _without_markup(said)
    said = _addresses(said, language)
    said = PICTURES.sub(" ", PICTURES_BEFORE_MARK.sub("", said))
    for unsaid in (EMOTICON, INVISIBLE):
        said = unsaid.sub("", said)
    said = _readable(said, language)
    said = _without_emphasis(said)
    said = " ".join(tables_of(language).phrases.long_code if is_code(word) else word for word in said.split(" "))
    said = _punctuation(expressions.said(said, language, before, following))
    return "\n".join(line for part in said.split("\n") if (line := " ".join(part.split())))


def is_code(word: str) -> bool:
    """Whether `word` is a key, a hash or the like, which nobody can listen to."""
    if len(word) < MIN_CODE:
        return False
    core = word.strip("\"'“”‘’()[]{},;.!?")
    if len(core) > MAX_WORD and not UNSPACED_SCRIPT.search(core):
        return True
    changes = sum(a.isdigit() != b.isdigit() or (a.islower() and b.isupper()) for a, b in pairwise(core))
    return ALPHABET.fullmatch(core) is not None and changes >= MIN_CHANGES and "//" not in core


def _usual_letters(text: str) -> str:
    """Write letters and digits in their usual form: 𝐛𝐨𝐥𝐝, ｗｉｄｅ, ﬁ, ①; powers and punctuation stay."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", "".join(map(_usual, text)))


@cache
def _usual(character: str) -> str:
    form = unicodedata.decomposition(character).partition(">")[0]
    is_other = form.startswith("<") and form not in {"<super", "<sub", "<fraction", "<noBreak"}
    return unicodedata.normalize("NFKC", character) if is_other and character.isalnum() else character


def _readable(text: str, language: str) -> str:
    """Leave out letters of scripts that the voice cannot read; it would say "letter" for each."""
    scripts = tables_of(language).scripts
    if not scripts or text.isascii():
        return text
    kept = "".join(c if c.isascii() or _script(c) in scripts else _digit(c) for c in text)
    if UNREADABLE not in kept:
        return kept
    if any(character.isalnum() for character in kept):
        return re.sub(rf"\(\s*{UNREADABLE}+\s*\)|{UNREADABLE}+", " ", kept)
    return re.sub(r"[^.,;:!?。，！？]", "", kept)


@cache
def _script(character: str) -> str:
    """Return the script of a letter, its marks and its digits; LATIN for all else and for Greek, as in formulas."""
    first = unicodedata.name(character, "").partition(" ")[0]
    is_written = character.isalpha() or unicodedata.category(character)[0] in "MN"
    return first if is_written and first not in EVERYWHERE else "LATIN"


def _digit(character: str) -> str:
    """Return the digit that `character` is in another script, or what stands for a letter that is left out."""
    value = unicodedata.decimal(character, None)
    return UNREADABLE if value is None else str(value)


def _code(span: re.Match[str]) -> str:
    """Keep the words of a name or an expression, without brackets and signs."""
    return re.sub(r"[^\w\s.,+#%-]|_", " ", span[2]).strip()


def _tag(tag: re.Match[str]) -> str:
    """Return what stands for a tag: a new line, nothing, or the words of what only looks like one."""
    name = tag[1].lower()
    if name in BLOCKS:
        return "\n"
    if name == "br":
        return " "
    return "" if name in INLINE else " " + re.sub(r"[_:|-]", " ", tag[1]) + " "


def _without_markup(text: str) -> str:
    text = ANGLED_ADDRESS.sub(r"\1", text)
    text = TAG.sub(_tag, COMMENT.sub("", text))
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
