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


AGAIN = {
    "en": "Sorry, what did you say?",
    "de": "Wie bitte?",
    "fr": "Pardon, vous pouvez répéter ?",
    "es": "Perdona, ¿qué has dicho?",
    "it": "Scusa, cos'hai detto?",
    "nl": "Sorry, wat zei je?",
    "pt": "Desculpe, o que disse?",
    "zh": "抱歉，您说什么？",
}
"""Nothing was understood, twice."""


def again(language: str) -> str:
    """As `failed`."""
    return AGAIN.get(language, "")


def failed(language: str) -> str:
    """In the language of the voice; empty when nobody has written it in that language."""
    return FAILED.get(language, "")


def fixed(language: str) -> list[str]:
    """Every phrase in `language`."""
    return [phrase for phrases in (FAILED, AGAIN) if (phrase := phrases.get(language))]
