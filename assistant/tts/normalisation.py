"""Text normalisation: from what a language model writes to what can be spoken, without markup, addresses or pictures.

It stands between the language model and the clause cutter, so that clauses are cut in the text that will be spoken,
and nothing that could span a cut (a code block, a link, emphasis) is left in it.
"""

import re

from assistant.language.tables import tables_of
from assistant.tts.clauses import UNSPACED, UNSPACED_PUNCTUATION
from assistant.tts.expressions import depends_on_following, joins
from assistant.tts.words import MAX_WORD, UNSPACED_SCRIPT, words_to_say

MAX_HELD = 200
"""Characters after which an opened tag, link target or code span that is not closed counts as ordinary text."""

MAX_ROW = 2000
"""Length in characters after which a table row is said although its line goes on."""

MAX_JOINED = 12
"""Words of one expression ("5 - 3 = 2")."""

FENCE = re.compile(r"`{3,}|~{3,}")
BLOCK_MARK = re.compile(r"#{1,6}|>+|[-*+•‣◦]|\[[xX]\]|[-*_=]{3,}")
"""Headings, quotations, list items, their boxes, and rules."""
BLOCK_START = frozenset("`~#>-*+•‣◦[_=|0123456789")
ORDINAL = re.compile(r"(\d{1,3})[.)]")
TABLE_RULE = re.compile(r"[\s|:+-]+")

OPENED = re.compile(r"<(?=[A-Za-z/!])|`+|\]\(|\\[(\[]|\$\$|(?<!\\)\$(?=[^\s\d$]|[\d.,]*[\\^_{])")
"""The beginning of a tag, a code span, a link's target, a formula: to their end they are one word."""
CLOSERS = {"<": ">", "](": ")", "\\(": "\\)", "\\[": "\\]"}
FOLLOWING = re.compile(r"[^\S\n]+(?!\n)(\S*)")
NEXT = re.compile(r"[^\S\n]*([\S\n])")
PART_END = re.compile(r"[,;/|—–·…](?=\w)")
"""Where a word without end may be cut."""
ADDRESS = re.compile(r"\W*(?:https?://|www\.)", re.IGNORECASE)

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
        said = []
        text = text.replace("\r", "")
        for start in range(0, len(text), MAX_ROW):  # what is consumed is copied away, so a piece has a limit
            self._pending += text[start : start + MAX_ROW]
            said.append(self._take(final=False))
        return "".join(said)

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
        self._before = ""
        self._skips = False
        self._was_omitted = False

    def _take(self, *, final: bool) -> str:
        said = []
        while self._pending and (step := self._step(final)) is not None:
            used, words = step
            self._pending = self._pending[used:]
            said.append(words)
            self._last = words[-1:] or self._last
        return "".join(said)

    def _step(self, final: bool) -> tuple[int, str] | None:
        """Return how many characters to consume and what to say for them; None until more of the reply is known."""
        if self._fence:
            return self._code_line(final)
        if self._pending[0].isspace():
            self._skips = False
            return 1, self._space(self._pending[0])
        if self._skips:
            return _first_space(self._pending) or len(self._pending), ""
        if self._at_line_start and self._pending[0] in BLOCK_START:
            return self._block(final)
        self._at_line_start = False
        end = self._word_end(final)
        return None if end is None else (end, self._word(self._pending[:end], end))

    def _word(self, written: str, end: int) -> str:
        """Say the word or expression `written`, and what is too long to be listened to once."""
        goes_on = end < len(self._pending) and not self._pending[end].isspace() and len(written) > MAX_WORD // 2
        omission = self._tables.phrases.long_code
        is_endless = (
            goes_on and not PART_END.match(self._pending, end - 1) and not BETWEEN_CHARACTERS.match(self._pending, end)
        )
        if is_endless and not UNSPACED_SCRIPT.search(written):
            self._skips = True
            said = words_to_say(written, self._language) if ADDRESS.match(written) else omission
        else:
            depends = depends_on_following(written, self._language)
            following = self._following(end).strip() if depends else ""
            said = words_to_say(written, self._language, self._before, following)
            self._skips = goes_on and said == omission
        was_omitted, self._was_omitted = self._was_omitted, said == omission if said else self._was_omitted
        if said and said == omission and was_omitted:
            return ""
        self._before = written if len(written) <= MAX_WORD else ""
        return said + " " if goes_on and said and not BETWEEN_CHARACTERS.match(self._pending, end) else said

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
        if len(line) < MAX_ROW and mark.startswith(self._fence) and not mark.strip(self._fence[0]):
            self._fence = ""
            self._at_line_start = True
        return len(line) + self._pending.startswith("\n", len(line)), ""

    def _block(self, final: bool) -> tuple[int, str] | None:
        """Handle the first word of a line, which may make it a heading, a list item, a table row or a fence."""
        first = self._pending[: MAX_WORD + 1]
        end = _first_space(first)
        if end is None and len(first) <= MAX_WORD and not final:
            return None
        first = first[:end]
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
        end = self._pending.find("\n", 0, MAX_ROW)
        if end >= 0:
            return self._pending[:end]
        return self._pending[:MAX_ROW] if final or len(self._pending) >= MAX_ROW else None

    def _word_end(self, final: bool) -> int | None:
        """Find where the word at the beginning ends; None while it may go on."""
        text = self._pending
        position = 0
        while position < len(text):
            if text[position].isspace():
                return self._expression_end(position, final)
            if position and BETWEEN_CHARACTERS.match(text, position):
                return position
            if position >= self._longest(text):
                return self._part_end(position, final)
            opened = OPENED.match(text, position)
            if opened is None:
                position += 1
                continue
            closed = self._span_end(opened, final)
            if closed is None:
                return None
            position = closed
        return len(text) if final else None

    def _longest(self, text: str) -> int:
        return MAX_HELD if ADDRESS.match(text) else MAX_WORD

    def _part_end(self, position: int, final: bool) -> int | None:
        """Find where to cut a word that is too long at `position`; None until the next character is known."""
        if ADDRESS.match(self._pending):
            return position
        if position + 1 >= len(self._pending) and not final:
            return None
        ends = [part.end() for part in PART_END.finditer(self._pending, 0, position + 1) if part.end() <= position]
        return ends[-1] if ends and ends[-1] > MAX_WORD // 2 else position

    def _span_end(self, opened: re.Match[str], final: bool) -> int | None:
        """Find where the span ends: at its opening, if nothing within reach closes it; None while that may come."""
        text = self._pending
        limit = opened.start() + MAX_HELD
        closer = CLOSERS.get(opened[0], opened[0])
        newline = text.find("\n", opened.end(), limit)
        reach = limit if newline < 0 else newline
        end = text.find(closer, opened.end(), reach)
        if end >= 0:
            return end + len(closer)
        return None if newline < 0 and len(text) < limit and not final else opened.end()

    def _expression_end(self, end: int, final: bool) -> int | None:
        """Find where the expression ends whose first word ends at `end`: "$5 million", "3 km", "5 - 3 = 2"."""
        start = 0
        for _ in range(MAX_JOINED):
            run, word = self._pending[:end], self._pending[start:end]
            if joins(run, word, "", self._language) is None:
                break
            following = FOLLOWING.match(self._pending, end)
            if following is None:
                break  # the line ends
            if following.end() == len(self._pending) and len(following[1]) <= MAX_WORD and not final:
                return None
            if not joins(run, word, following[1], self._language):
                break
            start, end = following.start(1), following.end()
        waits = not final and not self._following(end) and depends_on_following(self._pending[:end], self._language)
        return None if waits else end

    def _following(self, end: int) -> str:
        """Return the next character after `end` that is not a space (it may be "\\n"); "" if none is known."""
        following = NEXT.match(self._pending, end)
        return following[1] if following is not None else ""


def _first_space(text: str) -> int | None:
    space = re.search(r"\s", text)
    return None if space is None else space.start()
