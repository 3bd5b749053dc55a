"""Remarks: short utterances to a machine that is speaking, and what they mean. Pure; by language."""

import re
from difflib import SequenceMatcher
from enum import Enum, auto

from assistant.language.tables import tables_of


class Remark(Enum):
    """What an utterance means to the assistant that is speaking."""

    STOP = auto()
    """Be quiet; nothing more is wanted."""
    DISMISSAL = auto()
    """The same, said when nothing is being spoken: never mind."""
    BACKCHANNEL = auto()
    """I am listening, go on; or an utterance without words."""
    WORDS = auto()
    """Anything else: the user takes the turn."""


HUM = re.compile(r"[hmn]+|(?:u+h+|a+h+|m+|h+m+)+|e+r+m*|u+m+")
"""Transcripts of a hum with closed lips: "Mm-hmm", "Hm", "Uh-huh", "Mmm", "Erm"."""


def remark(text: str, language: str) -> Remark:
    """Classify `text`, said in `language` (ISO 639-1); in a language without tables only hums are known."""
    known = tables_of(language).remarks
    words = _words(text)
    if all(HUM.fullmatch(word) or word in known.backchannel for word in words):
        return Remark.BACKCHANNEL
    words = _words(text.replace("-", " "))
    first, last = polite_span(words, known.polite)
    said = {" ".join(words), " ".join(words[first:last])}
    is_repeated = len(set(words)) == 1 and words[0] in known.stop  # "Stop, stop, stop!"
    if is_repeated or said & known.stop:
        return Remark.STOP
    return Remark.DISMISSAL if said & known.dismissal else Remark.WORDS


def polite_span(words: list[str], polite: frozenset[str]) -> tuple[int, int]:
    """Return where `words` begin and end (exclusive) without the polite ones at both ends."""
    first = next((index for index, word in enumerate(words) if word not in polite), len(words))
    last = next((index for index in range(len(words), first, -1) if words[index - 1] not in polite), first)
    return first, last


MIN_ALIKE = 0.6
"""Share of the words of a distorted echo that recognition gets right."""


def are_own_words(text: str, spoken: str, *, leniently: bool = False) -> bool:
    """Whether all of `text` repeats what the assistant just spoke: the microphone picked up its voice.

    The words must be found in the same order and without others between them; one in four may have been recognised
    wrongly. `leniently`, `MIN_ALIKE` of three words or more are enough, with others between them.
    """
    words, own = _words(text), _words(spoken)
    if not words:
        return False
    max_wrong = len(words) // 4
    if any(
        sum(one != other for one, other in zip(words, own[start:], strict=False)) <= max_wrong
        for start in range(len(own) - len(words) + 1)
    ):
        return True
    return leniently and len(words) >= 3 and _in_common(words, own) >= MIN_ALIKE * len(words)


def _in_common(words: list[str], own: list[str]) -> int:
    """Count the words found in the same order in the best stretch of `own` that is half as long again."""
    length = len(words) * 3 // 2
    return max(
        sum(
            match.size
            for match in SequenceMatcher(None, words, own[start : start + length], False).get_matching_blocks()
        )
        for start in range(max(1, len(own) - length + 1))
    )


def said_after(question: str, text: str, language: str) -> str:
    """Return the part of `text`, which begins with `question`, that was said after it.

    Counted in words, since recognition may spell those of the question anew; in scripts without spaces, in characters.
    """
    if not tables_of(language).spaces_between_words:
        letters = [position for position, letter in enumerate(text) if letter.isalnum()]
        known = sum(letter.isalnum() for letter in question)
        return text[letters[known] :] if len(letters) > known else ""
    return " ".join(text.split()[len(question.split()) :])


def _words(text: str) -> list[str]:
    """Split `text` into lower-case words without punctuation; a hyphen joins, as in "uh-huh"."""
    return re.findall(r"[\w']+", text.lower().replace("-", "").replace("’", "'"))
