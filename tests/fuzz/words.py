"""What a model writes: the answer in it, and the words to say."""

from assistant.llm.answer import AnswerText
from assistant.tts.clauses import ClauseCutter
from assistant.tts.normalisation import TextNormaliser

LANGUAGES = ("en", "de", "fr", "es", "zh", "it", "nl", "pt")

MAX_LONGER = 30
"""Times that what is said may be longer than what was written: "½" is one letter, "one half" has eight."""


def fuzz_speakable(data: bytes) -> None:
    """A reply becomes clauses, the same ones in whatever pieces it comes."""
    language, text = _language_and_text(data)
    whole = _clauses(language, [text])
    assert sum(map(len, whole)) <= MAX_LONGER * (len(text) + 1)
    assert _said(language, list(text)) == _said(language, [text])


def fuzz_reply(data: bytes) -> None:
    """What a model generates becomes an answer, the same one in whatever pieces it comes."""
    _, text = _language_and_text(data)
    answers = []
    for pieces in ([text], list(text)):
        reader = AnswerText()
        answers.append("".join([*map(reader.feed, pieces), reader.flush()]))
    assert answers[0] == answers[1]
    assert len(answers[0]) <= len(text)


def _language_and_text(data: bytes) -> tuple[str, str]:
    return LANGUAGES[data[0] % len(LANGUAGES) if data else 0], data[1:].decode("utf-8", "replace")


def _said(language: str, pieces: list[str]) -> str:
    normaliser = TextNormaliser(language)
    return "".join([*map(normaliser.feed, pieces), normaliser.flush()])


def _clauses(language: str, pieces: list[str]) -> list[str]:
    cutter = ClauseCutter(language)
    return [clause.text for clause in [*cutter.feed(_said(language, pieces)), *cutter.flush()]]
