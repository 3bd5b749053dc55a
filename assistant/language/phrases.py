"""What the assistant says that no language model wrote, by language."""

from collections.abc import Mapping

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

DEAF = {
    "en": "I cannot hear you: the microphone is gone.",
    "de": "Ich kann dich nicht hören: Das Mikrofon ist weg.",
    "fr": "Je ne vous entends plus : le microphone a disparu.",
    "es": "No puedo oírte: el micrófono ha desaparecido.",
    "it": "Non ti sento: il microfono non c'è più.",
    "nl": "Ik kan je niet horen: de microfoon is weg.",
    "pt": "Não consigo ouvir: o microfone desapareceu.",
    "zh": "我听不见您说话：麦克风断开了。",
}
"""The microphone has been gone for a while."""

HEARING = {
    "en": "I can hear you again.",
    "de": "Ich höre dich wieder.",
    "fr": "Je vous entends de nouveau.",
    "es": "Ya te oigo otra vez.",
    "it": "Ora ti sento di nuovo.",
    "nl": "Ik kan je weer horen.",
    "pt": "Já consigo ouvir de novo.",
    "zh": "我又能听见了。",
}
"""The microphone is back."""

CUT_OFF = {
    "en": "I was cut off.",
    "de": "Ich wurde unterbrochen.",
    "fr": "J'ai été coupé.",
    "es": "Me he cortado.",
    "it": "Sono stato interrotto.",
    "nl": "Ik werd onderbroken.",
    "pt": "Fui interrompido.",
    "zh": "刚才中断了。",
}
"""Before what could not be said because the loudspeaker was gone."""


def in_language(phrase: Mapping[str, str], language: str) -> str:
    """One of the phrases above in the language of the voice; empty when nobody has written it in that language."""
    return phrase.get(language, "")


def urgent(language: str) -> list[str]:
    """What has to be said at once, in `language`."""
    return [text for phrase in (FAILED, AGAIN) if (text := phrase.get(language))]
