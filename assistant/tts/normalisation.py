"""Text normalisation: from what a language model writes to what can be spoken, without markup, addresses or pictures.

It stands between the language model and the clause cutter, so that clauses are cut in the text that will be spoken,
and nothing that could span a cut (a code block, a link, emphasis) is left in it.
"""

import re

from assistant.language.tables import tables_of
from assistant.tts.clauses import UNSPACED, UNSPACED_PUNCTUATION
from assistant.tts.words import words_to_say

MAX_HELD = 200
"""Characters after which an opened tag, link target or code span that is not closed counts as ordinary text."""

FENCE = re.compile(r"`{3,}|~{3,}")
BLOCK_MARK = re.compile(r"#{1,6}|>+|[-*+•‣◦]|\[[xX]\]|[-*_=]{3,}")
"""Headings, quotations, list items, their boxes, and rules."""
BLOCK_START = frozenset("`~#>-*+•‣◦[_=|0123456789")
ORDINAL = re.compile(r"(\d{1,3})[.)]")
TABLE_RULE = re.compile(r"[\s|:+-]+")

OPENED = re.compile(r"<[A-Za-z/!]|`+|\]\(")
"""The beginning of a tag, a code span, a link's target: up to their end they are one word, spaces included."""
UNFINISHED_PRICE = re.compile(r"[(\"'*_]*[$€£¥₹]\d[\d.,]*")
FOLLOWING = re.compile(r"[^\S\n]+(?!\n)(\S*)")
WORD = re.compile(r"\w+")

BETWEEN_CHARACTERS = re.compile(rf"(?<=[{UNSPACED}{UNSPACED_PUNCTUATION}])(?=[{UNSPACED}{UNSPACED_PUNCTUATION}])")


class TextNormaliser:
    """Normalises a reply while it is being written: takes it piece by piece and returns the words to say.

    Each line of the reply stays a line. A word comes back as soon as it is complete (a character, in a script without
    spaces), and what comes back does not depend on how the reply was split into pieces. A reply without anything to
    say gives only white space.
    """

    def __init__(self, language: str) -> None:
        """`language` (ISO 639-1) is that of the voice."""
        self._language = language
        self._tables = tables_of(language)
        self._reset()

    def feed(self, text: str) -> str:
        """Take the next piece of the reply."""
        self._pending += text.replace("\r", "")
        return self._take(final=False)

    def flush(self) -> str:
        """Return what is left of the reply, and start over for the next."""
        said = self._take(final=True)
        self._reset()
        return said

    def _reset(self) -> None:
        self._pending = ""
        self._fence = ""
        self._at_line_start = True
        self._last = "\n"

    def _take(self, *, final: bool) -> str:
        said = ""
        while self._pending and (step := self._step(final)) is not None:
            used, words = step
            self._pending = self._pending[used:]
            said += words
            self._last = words[-1:] or self._last
        return said

    def _step(self, final: bool) -> tuple[int, str] | None:
        """Return how many characters to consume and what to say for them; None until more of the reply is known."""
        if self._fence:
            return self._code_line(final)
        if self._pending[0].isspace():
            return 1, self._space(self._pending[0])
        if self._at_line_start and self._pending[0] in BLOCK_START:
            return self._block(final)
        self._at_line_start = False
        end = self._word_end(0, final)
        return None if end is None else (end, words_to_say(self._pending[:end], self._language))

    def _space(self, character: str) -> str:
        if character == "\n":
            self._at_line_start = True
            return "" if self._last == "\n" else "\n"
        return "" if self._last.isspace() else " "

    def _code_line(self, final: bool) -> tuple[int, str] | None:
        line = self._line(final)
        if line is None:
            return None
        mark = line.strip()
        if mark.startswith(self._fence) and not mark.strip(self._fence[0]):
            self._fence = ""
            self._at_line_start = True
        return min(len(line) + 1, len(self._pending)), ""

    def _block(self, final: bool) -> tuple[int, str] | None:
        """Handle the first word of a line, which may make it a heading, a list item, a table row or a fence."""
        end = _first_space(self._pending)
        if end is None and not final:
            return None
        first = self._pending[:end]
        if first.startswith("|") or FENCE.match(first):
            return self._row_or_code(final)
        if BLOCK_MARK.fullmatch(first):
            return len(first), ""
        self._at_line_start = False
        ordinal = ORDINAL.fullmatch(first)
        return (0, "") if ordinal is None or end is None else (len(first), f"{ordinal[1]}:")

    def _row_or_code(self, final: bool) -> tuple[int, str] | None:
        line = self._line(final)
        if line is None:
            return None
        self._at_line_start = False
        fence = FENCE.match(line)
        if fence is None:
            return len(line), self._row(line)
        if fence[0] in line[fence.end() :]:
            return 0, ""  # a code span with many marks
        self._fence = fence[0]
        omission = self._tables.phrases.code_left_out
        return len(line), omission and omission + "\n"

    def _row(self, line: str) -> str:
        """Turn a table row into a sentence, and the rule below the head into nothing."""
        if TABLE_RULE.fullmatch(line):
            return ""
        cells = (" ".join(words_to_say(cell.strip(), self._language).split()) for cell in line.split("|"))
        return ", ".join(cell for cell in cells if cell) + "."

    def _line(self, final: bool) -> str | None:
        line, newline, _ = self._pending.partition("\n")
        return line if newline or final else None

    def _word_end(self, start: int, final: bool) -> int | None:
        """Find where the word that begins at `start` ends; None while it may go on."""
        text = self._pending
        position = start
        while position < len(text):
            if text[position].isspace():
                return self._price_end(start, position, final)
            if position > start and BETWEEN_CHARACTERS.match(text, position):
                return position
            opened = OPENED.match(text, position)
            if opened is None:
                position += 1
                continue
            closed = self._span_end(opened, final)
            if closed is None:
                return None
            position = closed
        return len(text) if final else None

    def _span_end(self, opened: re.Match[str], final: bool) -> int | None:
        """Find where the span ends: at its opening, if nothing within reach closes it; None while that may come."""
        text = self._pending
        limit = opened.start() + MAX_HELD
        closer = {"<": ">", "]": ")"}.get(opened[0][0], opened[0])
        newline = text.find("\n", opened.end(), limit)
        reach = limit if newline < 0 else newline
        end = text.find(closer, opened.end(), reach)
        if end >= 0:
            return end + len(closer)
        return None if newline < 0 and len(text) < limit and not final else opened.end()

    def _price_end(self, start: int, end: int, final: bool) -> int | None:
        """Find where the word from `start` to `end` ends if it is a price: after its "million", if that follows."""
        prices = self._tables.reading.prices
        if prices is None or not UNFINISHED_PRICE.fullmatch(self._pending, start, end):
            return end
        following = FOLLOWING.match(self._pending, end)
        if following is None:
            return end  # the line ends
        if following.end() == len(self._pending) and not final:
            return None
        word = WORD.match(following[1])
        return following.end() if word is not None and word[0] in prices.scales else end


def _first_space(text: str) -> int | None:
    space = re.search(r"\s", text)
    return None if space is None else space.start()
