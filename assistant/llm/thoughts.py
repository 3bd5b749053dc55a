"""Removal of the thoughts that reasoning models may write into a reply, between <think> tags."""

OPENING = "<think>"
CLOSING = "</think>"


class WithoutThoughts:
    """Filters a reply piece by piece, removing thoughts and the white space before the first word.

    Only text that may be the beginning of a tag is held back; nothing else is delayed.
    """

    def __init__(self, *, begun: bool = False) -> None:
        """Filter a whole reply or, with `begun`, the continuation of one whose first words were filtered before."""
        self._held = ""
        self._thinking = False
        self._begun = begun

    def feed(self, piece: str) -> str:
        """Return the speakable text that `piece` completes: often all of it, sometimes nothing."""
        self._held += piece
        spoken = ""
        while self._tag in self._held:
            before, _, self._held = self._held.partition(self._tag)
            spoken += self._speakable(before)
            self._thinking = not self._thinking
        kept = _beginning(self._tag, self._held)
        spoken += self._speakable(self._held.removesuffix(kept))
        self._held = kept
        return self._from_the_first_word(spoken)

    def flush(self) -> str:
        """Return what was held back, at the end of the reply. A thought that was never closed remains a thought."""
        held, self._held = self._held, ""
        return self._from_the_first_word(self._speakable(held))

    @property
    def _tag(self) -> str:
        return CLOSING if self._thinking else OPENING

    def _speakable(self, text: str) -> str:
        return "" if self._thinking else text

    def _from_the_first_word(self, text: str) -> str:
        text = text if self._begun else text.lstrip()
        self._begun = self._begun or bool(text)
        return text


def _beginning(tag: str, text: str) -> str:
    """Return the longest suffix of `text` that is a proper prefix of `tag`."""
    lengths = range(min(len(tag) - 1, len(text)), 0, -1)
    return next((tag[:length] for length in lengths if text.endswith(tag[:length])), "")
