"""What the assistant says that no language model wrote, by language."""

FAILED = {
    "en": "Sorry, something went wrong.",
    "de": "Entschuldigung, da ist etwas schiefgegangen.",
    "fr": "Désolé, quelque chose n'a pas marché.",
    "es": "Lo siento, algo ha fallado.",
    "it": "Mi dispiace, qualcosa è andato storto.",
    "nl": "Sorry, er ging iets mis.",
    "pt": "Desculpe, algo deu errado.",
    "zh": "抱歉，出了点问题。",
}
"""A turn could not be answered."""


def failed(language: str) -> str:
    """In the language of the voice; empty when nobody has written it in that language."""
    return FAILED.get(language, "")


def fixed(language: str) -> list[str]:
    """Every phrase in `language`."""
    return [phrase for phrases in (FAILED,) if (phrase := phrases.get(language))]
