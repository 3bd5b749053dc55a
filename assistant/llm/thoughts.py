"""Models that reason may write their thoughts into the reply, between <think> tags. They are not for the ear."""

OPENING = "<think>"
CLOSING = "</think>"


class WithoutThoughts:
    """Takes a reply piece by piece and gives back what may be spoken, without white space in front of the first word.

    Only text that may be the beginning of a tag is held back, so it delays nothing else.
    """

    def __init__(self, *, begun: bool = False) -> None:
        """`begun`: the first words were said before, and what comes goes on with them."""
        self._held = ""
        self._thinking = False
        self._begun = begun

    def feed(self, piece: str) -> str:
        """What of the reply so far may be spoken and was not given back yet; often all of `piece`, sometimes empty."""
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
        """What was held back, once the reply has ended. A thought that was never closed stays a thought."""
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
    """The longest end of `text` that `tag` begins with, short of the whole tag."""
    lengths = range(min(len(tag) - 1, len(text)), 0, -1)
    return next((tag[:length] for length in lengths if text.endswith(tag[:length])), "")
