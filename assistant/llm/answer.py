"""What of a model's reply is its answer: without thoughts, control tokens, calls of tools and other people's turns.

Precision, where a legitimate answer might look like one of the forms:

- A mark in quotation marks or backticks, or before "tag" or "token" in the middle of a sentence, is talked about.
- In a code fence everything is code, unless all of it is a call of a tool.
- JSON is a call where it has a name and arguments, in this order; any other object is part of the answer.
- A label such as "User:" ends the reply where it begins a line and the line before has ended as a sentence does. After
  one that was kept, as in an explanation or a play, all are kept.
- Thoughts that end without having begun are recognised by their first words ("Okay, the user asks"), and the reply is
  held back until they end, or turn out to be the answer. After other first words nothing can be taken back.
- Within a line "User:" is part of the answer, and so is a label after a line that has not ended.
"""

import re

from assistant.llm import forms
from assistant.llm.forms import Mark, Role

MAX_DOUBTED = 8000
"""Characters held back because they may be thoughts whose beginning is in the prompt: two minutes of reading aloud."""

MAX_SPACE = 64
"""Characters of white space kept between two words."""

MAX_HEADER = 100
"""Characters of a header that are kept; the words after them name nobody."""

QUOTES = frozenset("`\"'“”‘’«»„")

_SPACES = re.compile(r"\s+")
_WORD = re.compile(rf"[^\s{re.escape(forms.MARK_STARTS)}{{`afA]+")
_CODE = re.compile(r"[^\s`]+")
_IN_SECTION = re.compile(rf"[{re.escape(forms.MARK_STARTS)}a]")
_BALANCE = re.compile(r'["\\{}\[\]()]')
_SENTENCE_END = frozenset(".!?…。！？)\"'”»*`")


class _Wait(Exception):
    """More of the text is needed to go on."""


class _Words:
    """The words of an answer, and those of what may turn out to be a thought."""

    def __init__(self, last: str) -> None:
        self.last = last
        """The last character so far; empty before the first."""
        self.space = ""
        """White space after it, which is given with the next word."""
        self.in_doubt = False
        self.is_cut = False
        """Whether something was left out since the last word, so that the space before it is enough."""
        self._out: list[str] = []
        self._length = 0

    def add(self, word: str) -> None:
        """Add a word, with the white space before it."""
        text = self.space + word if self.last else word
        self.space = ""
        self.is_cut = False
        self.last = word[-1]
        self._out.append(text)
        if self.in_doubt:
            self._length += len(text)
            self.in_doubt = self._length <= MAX_DOUBTED

    def add_space(self, space: str) -> None:
        """Add white space, of which the line breaks matter more than the rest."""
        if self.is_cut and self.space:
            space = "\n" * space.count("\n")
        self.space = (self.space + space)[:MAX_SPACE]
        if "\n" in space and "\n" not in self.space:
            self.space = self.space[1:] + "\n"

    def forget(self) -> None:
        """Drop what was in doubt: it was a thought."""
        self._out.clear()
        self.in_doubt = False
        self.last = self.space = ""

    def take(self) -> str:
        """Return what is no longer in doubt."""
        if self.in_doubt:
            return ""
        out, self._out = "".join(self._out), []
        return out

    @property
    def is_at_line_start(self) -> bool:
        return not self.last or "\n" in self.space

    @property
    def is_at_word_start(self) -> bool:
        return not self.last or bool(self.space) or not self.last.isalnum()

    @property
    def can_be_glued(self) -> bool:
        """Whether a word that follows at once may be what is left of a header."""
        return bool(self.last) and not self.space and self.last not in QUOTES


class _Brackets:
    """Finds where a bracket is closed, in JSON and in calls in Python's notation."""

    def __init__(self) -> None:
        self.depth = 0
        self._in_string = False
        self._escaped = False

    def skip(self, text: str, position: int) -> int:
        """Return where to go on: behind the next character that counts."""
        if self._escaped:
            self._escaped = False
            return position + 1
        found = _BALANCE.search(text, position)
        if found is None:
            return len(text)
        if self._in_string:
            self._escaped = found[0] == "\\"
            self._in_string = found[0] != '"'
        elif found[0] == '"':
            self._in_string = True
        elif found[0] != "\\":
            self.depth += 1 if found[0] in "{[(" else -1
        return found.end()


class AnswerText:
    """Filters a reply piece by piece. Takes time linear in its length, however it is cut into pieces.

    Holds back only what may be the beginning of a form, and white space until a word follows.
    """

    def __init__(self, *, after: str = "", may_think: bool = True) -> None:
        """Filter a whole reply or, with `after`, the continuation of one whose answer so far it is.

        `may_think`: the model may have begun to think in its prompt. Of another no words are held back that only sound
        like thoughts.
        """
        self._may_think = may_think
        self._held = ""
        self._words = _Words(after.rstrip()[-1:])
        self._section: Role | None = None
        """What kind of text is being left out; None in the answer."""
        self._header = ""
        self._brackets = _Brackets()
        self._closing = ""
        """What ends a section that no mark ends."""
        self._is_harmony = False
        self._in_fence = after.count("```") % 2 == 1
        self._keeps_labels = False
        self._wrapped = False
        self._in_html = False
        self._final = False
        self.ended = False
        """Whether the answer is over: what follows is another turn."""

    def feed(self, piece: str) -> str:
        """Return the part of the answer that `piece` completes: often all of it, sometimes nothing."""
        text, position = self._held + piece, 0
        try:
            while position < len(text) and not self.ended:
                position = self._step(text, position)
        except _Wait:
            self._held = text[position:]
        else:
            self._held = ""
        return self._words.take()

    def flush(self) -> str:
        """Return what was held back, at the end of the reply. A thought that was never closed remains a thought."""
        self._final = True
        text = self.feed("")
        self._words.in_doubt = False
        return text + self._words.take()

    def _step(self, text: str, position: int) -> int:
        """Take what begins at `position`, and return where it ends. Raises `_Wait` when that cannot be known yet."""
        if self._closing:
            return self._skip_to_closing(text, position)
        if self._brackets.depth:
            return self._brackets.skip(text, position)
        if self._section is not None:
            return self._skip(text, position)
        if space := _SPACES.match(text, position):
            self._words.add_space(space[0])
            return space.end()
        if self._in_fence:
            return self._take_code(text, position)
        return self._take(text, position)

    def _take(self, text: str, position: int) -> int:
        character = text[position]
        if character in forms.MARK_STARTS and (mark := self._mark(text, position)):
            self._obey(mark)
            return mark.end
        for recognise in (self._beginning, self._line_start, self._inside_line):
            if (end := recognise(text, position)) is not None:
                return end
        word = _WORD.match(text, position)
        end = word.end() if word else position + 1
        self._words.add(text[position:end])
        return end

    def _take_code(self, text: str, position: int) -> int:
        if text.startswith("```", position):
            self._in_fence = False
            self._words.add("```")
            return position + 3
        if len(text) - position < 3 and "```".startswith(text[position : position + 3]) and not self._final:
            raise _Wait
        word = _CODE.match(text, position)
        end = word.end() if word else position + 1
        self._words.add(text[position:end])
        return end

    def _mark(self, text: str, position: int) -> Mark | None:
        """The mark at `position`, unless it is only talked about."""
        mark = forms.find_mark(text, position)
        if mark is None:
            if not forms.may_be_mark(text, position):
                return None
            if not self._final:
                raise _Wait
            is_debris = len(text) - position > 2
            return Mark(len(text), Role.NOTHING, "") if is_debris else None
        return None if self._is_mention(text, position, mark) else mark

    def _is_mention(self, text: str, position: int, mark: Mark) -> bool:
        if not self._words.last or self._section is not None:
            return False
        rest_is_open = mark.end == len(text) and not self._final
        if not self._words.space and self._words.last in QUOTES:
            if rest_is_open:
                raise _Wait
            return text[mark.end : mark.end + 1] in QUOTES
        if not self._words.space or "\n" in self._words.space or not _goes_on(self._words.last):
            return False
        if forms.MENTION.match(text, mark.end):
            return True
        if not self._final and forms.MENTION.may_begin(text, mark.end):
            raise _Wait
        return False

    def _obey(self, mark: Mark) -> None:
        """Do what a mark in the answer demands."""
        self._words.is_cut = True
        match mark.role:
            case Role.THOUGHT | Role.CALL:
                self._section = mark.role
            case Role.THOUGHT_END if self._words.in_doubt:
                self._words.forget()
            case Role.WRAPPER if mark.name.startswith("/") and not self._wrapped:
                self._words.add(f"<{mark.name}>")
            case Role.WRAPPER if not mark.name.startswith("/") and self._words.last:
                self._words.add(f"<{mark.name}>")
            case Role.WRAPPER:
                self._wrapped = not mark.name.startswith("/")
            case Role.START if mark.name == "s" and self._words.last:
                self._in_html = True
                self._words.add("<s>")
            case Role.TURN_END if mark.name == "/s" and self._in_html:
                self._in_html = False
                self._words.add("</s>")
            case Role.TURN_END if self._is_harmony and mark.name == "end":
                self._begin_header()
            case Role.TURN_END | Role.OWN_TURN:
                self.ended = bool(self._words.last)
            case Role.OTHER_TURN:
                self._section, self.ended = Role.OTHER_TURN, bool(self._words.last)
            case Role.HEADER:
                self._is_harmony = self._is_harmony or mark.name == "channel"
                self.ended = bool(self._words.last) and not self._is_harmony
                self._begin_header(ends_with_line=mark.name in ("im_start", "start_of_turn", "turn"))
            case _:
                pass

    def _begin_header(self, *, ends_with_line: bool = False) -> None:
        self._section, self._header = Role.HEADER, "" if ends_with_line else "\0"

    def _skip(self, text: str, position: int) -> int:
        """Leave out text up to the next mark that ends the section."""
        if self._section is Role.HEADER:
            return self._read_header(text, position)
        found = _IN_SECTION.search(text, position)
        if found is None:
            return len(text)
        if found.start() > position:
            return found.start()
        if text[position] == "a":
            return self._skip_stripped(text, position)
        mark = self._mark(text, position)
        if mark is None:
            return position + 1
        self._leave(mark)
        return mark.end

    def _skip_stripped(self, text: str, position: int) -> int:
        if match := forms.FINAL.match(text, position):
            self._section = None
            return match.end()
        if not self._final and forms.FINAL.may_begin(text, position):
            raise _Wait
        return position + 1

    def _leave(self, mark: Mark) -> None:
        """Leave the section when `mark` ends it."""
        section = self._section
        match mark.role:
            case Role.THOUGHT_END if section is Role.THOUGHT:
                self._section = None
            case Role.CALL_END if section is Role.CALL:
                self._section = None
            case Role.ANSWER:
                self._section = None
            case Role.WRAPPER if section is Role.THOUGHT and mark.name in ("answer", "final", "final_answer"):
                self._section, self._wrapped = None, True
            case Role.OWN_TURN if section is Role.OTHER_TURN:
                self._section = None
            case Role.HEADER:
                self._is_harmony = self._is_harmony or mark.name == "channel"
                self._begin_header(ends_with_line=mark.name in ("im_start", "start_of_turn", "turn"))
            case Role.TURN_END if self._is_harmony:
                self._begin_header()
            case _:
                pass

    def _read_header(self, text: str, position: int) -> int:
        if text[position] in forms.MARK_STARTS and (mark := self._mark(text, position)):
            if mark.role in (Role.HEADER_END, Role.HEADER):
                self._end_header(again=mark.role is Role.HEADER)
            return mark.end
        character = text[position]
        if character == "\n" and not self._header.startswith("\0") and self._header:
            self._end_header()
        elif len(self._header) < MAX_HEADER:
            self._header += character
        return position + 1

    def _end_header(self, *, again: bool = False) -> None:
        words = self._header.strip("\0").split()
        first = words[0].lower() if words else ""
        if again:
            self._header = "\0"
            return
        is_answer = first in forms.HEADERS_OF_ANSWERS and not any("to=" in word for word in words)
        self._section = None if is_answer else Role.OTHER_TURN

    def _beginning(self, text: str, position: int) -> int | None:
        """What only the beginning of a reply has."""
        if self._words.last:
            return None
        if match := forms.STRIPPED_HARMONY.match(text, position):
            self._section = Role.THOUGHT
            return match.end()
        if match := forms.LISTED.match(text, position):
            self._brackets.depth, self._words.is_cut = 1, True
            return position + 1
        thoughts = (forms.BEGUN_THOUGHT,) if self._may_think and not self._words.in_doubt else ()
        if any(shape.match(text, position) for shape in thoughts):
            self._words.in_doubt = True
        elif not self._final and not self._words.in_doubt:
            for shape in (forms.STRIPPED_HARMONY, forms.LISTED, *thoughts):
                if shape.may_begin(text, position):
                    raise _Wait
        return None

    def _line_start(self, text: str, position: int) -> int | None:
        """What only the beginning of a line has: a label, a call in JSON, a fence around one."""
        if not self._words.is_at_line_start:
            return None
        if text[position] in "{[":
            return self._call_in_json(text, position)
        if text[position] == "`":
            return self._fence(text, position)
        if match := forms.LABEL.match(text, position):
            return self._label(match.end(), forms.LABELS[match[1].lower()])
        if self._words.last and forms.ROLE_LINE.match(text, position):
            self.ended = True
            return position
        if not self._final and (forms.LABEL.may_begin(text, position) or forms.ROLE_LINE.may_begin(text, position)):
            raise _Wait
        return None

    def _label(self, end: int, role: Role) -> int | None:
        if not self._words.last:
            return end if role is Role.OWN_TURN else None
        if self._keeps_labels or self._words.last not in _SENTENCE_END:
            self._keeps_labels = True
            return None
        self.ended = True
        return end

    def _call_in_json(self, text: str, position: int) -> int | None:
        """A call that begins at `position`, of which the bracket is passed."""
        if any(shape.match(text, position) for shape in forms.JSON_CALLS):
            self._brackets.depth, self._words.is_cut = 1, True
            return position + 1
        if any(shape.may_begin(text, position) for shape in forms.JSON_CALLS):
            if not self._final:
                raise _Wait
            if '"' in text[position:]:
                return len(text)
        return None

    def _fence(self, text: str, position: int) -> int | None:
        match = forms.FENCE.match(text, position)
        if match is None:
            if not self._final and forms.FENCE.may_begin(text, position):
                raise _Wait
            return None
        is_call = match[1] in forms.CALL_FENCES
        start = match.end()
        while start < len(text) and text[start].isspace():
            start += 1
        if not is_call:
            if start == len(text) and not self._final and start - match.end() < MAX_SPACE:
                raise _Wait
            is_call = self._call_in_json(text, start) is not None
            self._brackets.depth = 0
        if is_call:
            self._closing, self._words.is_cut = "```", True
            return match.end()
        self._words.add(match[0].rstrip("\n"))
        self._words.space, self._in_fence = "\n", True
        return match.end()

    def _inside_line(self, text: str, position: int) -> int | None:
        """What is left of headers and calls within a line."""
        if self._words.is_at_word_start and (match := forms.CALLED.match(text, position)):
            self._brackets.depth, self._words.is_cut = 1, True
            if match[0].endswith(":"):
                self._brackets.depth = 0
                self._section = Role.CALL
            return match.end()
        if self._words.can_be_glued and forms.GLUED.match(text, position):
            self.ended = True
            return position
        if self._final:
            return None
        if (self._words.is_at_word_start and forms.CALLED.may_begin(text, position)) or (
            self._words.can_be_glued and forms.GLUED.may_begin(text, position)
        ):
            raise _Wait
        return None

    def _skip_to_closing(self, text: str, position: int) -> int:
        found = text.find(self._closing, position)
        if found >= 0:
            end = found + len(self._closing)
            self._closing = ""
            return end
        kept = len(text) - len(self._closing) + 1
        if kept > position or self._final:
            return max(kept, position) if not self._final else len(text)
        raise _Wait


def _goes_on(last: str) -> bool:
    """Whether a sentence goes on after the character."""
    return last.isalnum() or last == ","
