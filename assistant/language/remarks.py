"""Short things people say to a machine that is speaking, and what they mean. Pure; by language."""

import re
from difflib import SequenceMatcher
from enum import Enum, auto


class Remark(Enum):
    """What an utterance means for the one who is speaking."""

    STOP = auto()
    """Be quiet; nothing more is wanted."""
    DISMISSAL = auto()
    """The same, said when nothing is being spoken: never mind."""
    BACKCHANNEL = auto()
    """I am listening, go on; or no words at all."""
    WORDS = auto()
    """Anything else: the user takes the turn."""


STOP = {
    "en": "stop|stop it|stop that|stop talking|be quiet|quiet|silence|shut up|enough|that's enough|hush|cancel",
    "de": "stopp|stop|halt|aufhören|hör auf|ruhe|still|sei still|genug|das reicht|schluss|abbrechen",
    "fr": "stop|arrête|arrêtez|arrête toi|tais toi|taisez vous|silence|ça suffit|assez|annule",
    "es": "para|parar|stop|alto|detente|cállate|silencio|basta|ya basta|suficiente|cancela",
    "it": "stop|basta|fermati|fermo|zitto|silenzio|smettila|annulla",
    "nl": "stop|hou op|stil|wees stil|genoeg|zwijg|annuleer",
    "pt": "para|pare|parar|stop|chega|basta|silêncio|cala te|cancela|cancelar",
    "zh": "停|停下|停止|别说了|安静|够了|闭嘴|取消",
    "ja": "止めて|止まって|ストップ|やめて|静かに|黙って|もういい",
    "ko": "그만|멈춰|중지|조용히|됐어|스톱",
}
"""The whole of what is said, perhaps with a polite word before or after it."""

DISMISSAL = {
    "en": "never mind|nevermind|forget it|forget about it|nothing|no thanks|no thank you|that's all|go to sleep",
    "de": "vergiss es|egal|schon gut|nicht so wichtig|nichts|nein danke|das war's|das wars",
    "fr": "laisse tomber|laissez tomber|oublie|oubliez|rien|non merci|c'est tout|peu importe",
    "es": "olvídalo|da igual|no importa|nada|no gracias|eso es todo|déjalo",
    "it": "lascia stare|lascia perdere|niente|no grazie|non importa|è tutto",
    "nl": "laat maar|vergeet het|niets|nee dank je|dat is alles",
    "pt": "deixa|deixa estar|esquece|nada|não obrigado|não obrigada|é tudo",
    "zh": "没事|算了|不用了|没什么",
    "ja": "なんでもない|何でもない|もういいです|結構です",
    "ko": "아니야|괜찮아|됐어|아무것도 아니야",
}

POLITE = {
    "en": "please okay ok oh hey no now right just thanks thank you assistant",
    "de": "bitte okay ok ach hey nein jetzt danke",
    "fr": "s'il te plaît vous plait okay ok oh hé non maintenant merci",
    "es": "por favor vale ok oye no ya ahora gracias",
    "it": "per favore ok va bene ehi no ora grazie",
    "nl": "alsjeblieft alstublieft oké ok hé nee nu bedankt",
    "pt": "por favor ok ei não agora obrigado obrigada",
}
"""Words that may stand before or after those above without changing their meaning."""

BACKCHANNEL = {
    "en": "yeah yes yep yup okay ok right sure good great nice cool oh ah uh um huh i see exactly indeed true alright "
    "really wow interesting got it uhhuh mhm",
    "de": "ja jaja jo okay ok genau gut klar aha ach so oh ah stimmt richtig verstehe echt",
    "fr": "oui ouais okay ok d'accord bien ah oh hum je vois voilà exact",
    "es": "sí si vale ok claro ajá ah oh bien ya veo entiendo exacto",
    "it": "sì si okay ok va bene certo ah oh capisco esatto già",
    "nl": "ja okay oké ok goed ah oh precies juist snap ik",
    "pt": "sim ok tá certo claro ah oh entendo exato pois é",
    "zh": "嗯 哦 对 好 好的 是 是的 啊",
    "ja": "うん はい ええ そう そうですね なるほど へえ ああ",
    "ko": "네 응 그래 아 음 맞아",
}
"""What people say to show that they are listening, as single words; an utterance of these alone is none of its own."""

SPACELESS = frozenset({"zh", "yue", "ja", "th", "lo", "my", "km"})
"""Languages that are written without spaces between words."""

HUM = re.compile(r"[hmn]+|(?:u+h+|a+h+|m+|h+m+)+|e+r+m*|u+m+")
"""What recognition makes of a hum with closed lips: "Mm-hmm", "Hm", "Uh-huh", "Mmm", "Erm"."""


def remark(text: str, language: str) -> Remark:
    """What `text` means, said in `language` (ISO 639-1); one that nobody has written the words for knows only hums."""
    words = _words(text)
    said = " ".join(words)
    if not words or all(HUM.fullmatch(word) or word in _single(BACKCHANNEL, language) for word in words):
        return Remark.BACKCHANNEL
    core = _without_polite(words, _single(POLITE, language))
    if said in _phrases(STOP, language) or core in _phrases(STOP, language) or _repeated(words, language):
        return Remark.STOP
    if said in _phrases(DISMISSAL, language) or core in _phrases(DISMISSAL, language):
        return Remark.DISMISSAL
    return Remark.WORDS


ALIKE = 0.6
"""Share of the words of a distorted echo that recognition gets right, at least."""


def are_own_words(text: str, spoken: str, *, leniently: bool = False) -> bool:
    """Whether all of `text` was just spoken by the assistant: it has heard itself.

    The words must be found in the same order and without others between them; one that recognition got wrong is
    allowed for in every four. `leniently`, `ALIKE` of three words or more are enough, with others between them.
    """
    heard, own = _words(text), _words(spoken)
    if not heard:
        return False
    wrong = len(heard) // 4
    if any(
        sum(one != other for one, other in zip(heard, own[start:], strict=False)) <= wrong
        for start in range(len(own) - len(heard) + 1)
    ):
        return True
    return leniently and len(heard) >= 3 and _in_common(heard, own) >= ALIKE * len(heard)


def _in_common(heard: list[str], own: list[str]) -> int:
    """How many of the words heard are found in the same order among as many of the own and half as many again."""
    length = len(heard) * 3 // 2
    return max(
        sum(
            match.size
            for match in SequenceMatcher(None, heard, own[start : start + length], False).get_matching_blocks()
        )
        for start in range(max(1, len(own) - length + 1))
    )


def said_after(question: str, text: str, language: str) -> str:
    """What of `text`, which goes on with `question`, was said after it. Counted in words, as recognition may spell
    those of the question anew; where words are not separated, in characters."""
    if language in SPACELESS:
        letters = [position for position, letter in enumerate(text) if letter.isalnum()]
        known = sum(letter.isalnum() for letter in question)
        return text[letters[known] :] if len(letters) > known else ""
    return " ".join(text.split()[len(question.split()) :])


def _words(text: str) -> list[str]:
    """Lower-case words without punctuation; the hyphen of "uh-huh" joins."""
    return re.findall(r"[\w']+", text.lower().replace("-", "").replace("’", "'"))


def _phrases(table: dict[str, str], language: str) -> frozenset[str]:
    return frozenset(table.get(language, "").split("|")) - {""}


def _single(table: dict[str, str], language: str) -> frozenset[str]:
    return frozenset(table.get(language, "").split())


def _without_polite(words: list[str], polite: frozenset[str]) -> str:
    first = next((index for index, word in enumerate(words) if word not in polite), len(words))
    last = next((index for index in range(len(words), first, -1) if words[index - 1] not in polite), first)
    return " ".join(words[first:last])


def _repeated(words: list[str], language: str) -> bool:
    """ "Stop, stop, stop!"."""
    return len(set(words)) == 1 and words[0] in _phrases(STOP, language)
