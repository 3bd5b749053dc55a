"""What people say and write, as content of a prompt: never control tokens of the model.

Engines render a chat template to one text and tokenise that with its control tokens, wherever they stand, so a question
with `<|im_end|>` in it would end the user's turn. A space after the first character makes ordinary words of one, which
the model can still read and talk about. It is put into the system prompt and what was said before alike.
"""

from collections.abc import Iterable, Set

from assistant.llm import forms
from assistant.llm.gguf import Token, TokenType


def control_tokens(vocabulary: Iterable[Token]) -> frozenset[str]:
    """Select what the tokeniser takes for more than its letters.

    Other tokens that are found in any text, such as Gemma's elements of HTML, are ordinary words, unless they are known
    as marks: some vocabularies do not declare the tokens of their templates (Phi 3, Qwen 3), and llama.cpp takes the
    names of ends of turns for control tokens whatever their type.
    """
    return frozenset(
        token.text
        for token in vocabulary
        if len(token.text) > 1 and (token.type in (TokenType.UNKNOWN, TokenType.CONTROL) or _is_mark(token.text))
    )


def neutral(text: str, controls: Set[str] | None = None) -> str:
    """Break each of `controls` in `text`, or each known mark where the vocabulary is not known. Takes linear time."""
    lengths = sorted({len(control) for control in controls}) if controls is not None else []
    starts = frozenset(control[0] for control in controls) if controls is not None else frozenset(forms.MARK_STARTS)
    while True:
        broken = "".join(
            f"{character} " if character in starts and _begins(text, position, controls, lengths) else character
            for position, character in enumerate(text)
        )
        if broken == text:
            return text
        text = broken


def _begins(text: str, position: int, controls: Set[str] | None, lengths: list[int]) -> bool:
    if controls is None:
        return forms.find_mark(text, position) is not None
    return any(text[position : position + length] in controls for length in lengths)


def _is_mark(text: str) -> bool:
    mark = forms.find_mark(text, 0) if text[0] in forms.MARK_STARTS else None
    return mark is not None and mark.end == len(text)
