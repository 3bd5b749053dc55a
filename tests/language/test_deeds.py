"""What asks for a deed, and what only sounds like it."""

import time

import pytest

from assistant.language.deeds import asks_deed
from assistant.language.patterns import MAX_LETTERS, MAX_WORDS, fits, words_of

REQUESTS = {
    "en": [
        "Turn on the kitchen light.",
        "turn the lamp off please",
        "Could you set a timer for ten minutes?",
        "Wake me up at seven.",
        "Remind me to call my mother tomorrow.",
        "Add milk to the shopping list.",
        "Play some jazz.",
        "Make it warmer, set the heating to 21 degrees.",
        "Open the garage door.",
        "Call my mom.",
        "Send a message to Peter that I am late.",
        "Turn the volume down a bit, please.",
        "I want you to lock the front door.",
        "Order a pizza.",
    ],
    "de": [
        "Mach das Licht in der Küche an.",
        "schalte bitte die stehlampe aus",
        "Kannst du den Wecker auf sieben Uhr stellen?",
        "Stell einen Timer auf zehn Minuten.",
        "Erinnere mich morgen an den Zahnarzt.",
        "Setz Milch auf die Einkaufsliste.",
        "Spiel etwas Jazz.",
        "Dreh die Heizung auf 21 Grad.",
        "Fahr die Rollläden herunter.",
        "Ruf meine Mutter an.",
        "Mach leiser.",
    ],
    "fr": [
        "Allume la lumière de la cuisine.",
        "éteins la lampe s'il te plaît",
        "Peux-tu mettre un minuteur de dix minutes ?",
        "Réveille-moi à sept heures.",
        "Ajoute du lait à la liste de courses.",
        "Joue du jazz.",
        "Ferme les volets du salon.",
        "Monte le chauffage à 21 degrés.",
        "Baisse le volume.",
    ],
    "es": [
        "Enciende la luz de la cocina.",
        "apaga la lámpara por favor",
        "¿Puedes poner un temporizador de diez minutos?",
        "Despiértame a las siete.",
        "Añade leche a la lista de la compra.",
        "Pon algo de jazz.",
        "Baja las persianas del salón.",
        "Sube la calefacción a 21 grados.",
    ],
    "zh": [
        "打开厨房的灯",
        "把台灯关掉",
        "设置一个十分钟的计时器",
        "七点叫醒我",
        "把牛奶加到购物清单",
        "播放爵士乐",
        "拉上窗帘",
        "把空调调到二十一度",
    ],
}

TALK = {
    "en": [
        "What is the capital of France?",
        "How do I turn off the lights in my old car?",
        "Tell me a story about a lamp.",
        "Write a poem about the light of the moon.",
        "Can you explain how a timer works?",
        "Set the scene for a ghost story.",
        "I turned off the lights yesterday.",
        "Make a list of five fruits.",
        "Add five and seven.",
        "Call me Ada.",
        "Take two from ten.",
        "Is the kitchen light on?",
        "Translate good morning into French.",
    ],
    "de": [
        "Wie schalte ich bei meinem Auto das Licht aus?",
        "Erzähl mir eine Geschichte über eine Lampe.",
        "Kannst du mir erklären, wie ein Timer funktioniert?",
        "Ich habe gestern das Licht ausgemacht.",
        "Mach eine Liste von fünf Früchten.",
        "Ist das Licht in der Küche an?",
    ],
    "fr": [
        "Comment éteindre les phares ?",
        "Écris un poème sur la lumière de la lune.",
        "Fais une liste de cinq fruits.",
    ],
    "es": ["¿Cómo apago las luces de mi coche?", "Escribe un poema sobre la luz.", "Haz una lista de cinco frutas."],
    "zh": ["怎么关掉汽车的灯？", "写一首关于月光的诗。", "昨天我把灯关了。", "厨房的灯开着吗？"],
}


@pytest.mark.parametrize(("language", "text"), [(code, text) for code, texts in REQUESTS.items() for text in texts])
def test_a_request_asks_for_a_deed(language: str, text: str) -> None:
    assert asks_deed(text, language)


@pytest.mark.parametrize(("language", "text"), [(code, text) for code, texts in TALK.items() for text in texts])
def test_talk_does_not(language: str, text: str) -> None:
    assert not asks_deed(text, language)


def test_a_language_without_patterns_has_none() -> None:
    assert not asks_deed("Turn on the light.", "fi")


@pytest.mark.parametrize(
    ("pattern", "said", "unsaid"),
    [
        ("turn * (on|off)", ["turn on", "turn the big lamp off"], ["turn", "turn it on now"]),
        ("[please] stop", ["stop", "please stop"], ["please", "stop please"]),
        ("~licht an", ["Licht an", "Küchenlicht an"], ["Lichter an"]),
        ("qué hora es", ["que hora es", "Qué hora es?"], ["hora es"]),
    ],
)
def test_patterns_say_what_their_signs_mean(pattern: str, said: list[str], unsaid: list[str]) -> None:
    assert all(fits(words_of(text), (pattern,), spaced=True) for text in said)
    assert not any(fits(words_of(text), (pattern,), spaced=True) for text in unsaid)


def test_what_is_long_is_no_utterance() -> None:
    assert fits(["turn", "on"] + ["a"] * (MAX_WORDS - 2), ("turn on *",), spaced=True)
    assert not fits(["turn", "on"] + ["a"] * (MAX_WORDS - 1), ("turn on *",), spaced=True)
    assert fits(["打开" + "灯" * (MAX_LETTERS - 2)], ("打开 *",), spaced=False)
    assert not fits(["打开" + "灯" * (MAX_LETTERS - 1)], ("打开 *",), spaced=False)


@pytest.mark.parametrize(
    ("language", "text"),
    [("zh", "开" * MAX_LETTERS), ("zh", "把灯" * 200), ("de", "licht an " * 30), ("en", "set a " * 30)],
)
def test_what_no_pattern_fits_is_found_out_soon(language: str, text: str) -> None:
    asks_deed("", language)
    began = time.thread_time()
    asks_deed(text, language)
    assert time.thread_time() - began < 0.1
