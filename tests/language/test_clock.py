"""The time of day: which questions ask for it, and how it is told."""

from datetime import time

import pytest

from assistant.language.clock import asks_time, spoken_time

ASKED = {
    "en": [
        "What time is it?",
        "what time is it",
        "What time is it now?",
        "What time is it right now, please?",
        "Hey, what time is it?",
        "What's the time?",
        "What’s the time?",
        "Whats the time",
        "What is the time?",
        "What's the current time?",
        "What is the time right now?",
        "What time it is?",
        "Tell me the time, please.",
        "Please tell me the time.",
        "Tell me what time it is.",
        "Can you tell me what time it is?",
        "Could you please tell me the time?",
        "Could you tell me what the time is?",
        "Do you know what time it is?",
        "Do you have the time?",
        "Have you got the time?",
        "What time do you have?",
        "The time, please.",
        "Okay, thanks. What time is it?",
    ],
    "de": [
        "Wie spät ist es?",
        "wie spat ist es",
        "Wie spät ist es jetzt?",
        "Wie spät ist es denn gerade?",
        "Wie spät haben wir es?",
        "Wie viel Uhr ist es?",
        "Wieviel Uhr ist es bitte?",
        "Wie viel Uhr haben wir?",
        "Welche Uhrzeit ist es?",
        "Welche Uhrzeit haben wir gerade?",
        "Wie ist die Uhrzeit?",
        "Sag mir die Uhrzeit.",
        "Sag mir bitte, wie spät es ist.",
        "Kannst du mir sagen, wie spät es ist?",
        "Können Sie mir bitte sagen, wie viel Uhr es ist?",
        "Könntest du mir bitte die Uhrzeit sagen?",
        "Weißt du, wie spät es ist?",
        "Wissen Sie, wie viel Uhr es ist?",
        "Hey, wie spät ist es?",
    ],
    "fr": [
        "Quelle heure est-il ?",
        "Quelle heure est il",
        "Quelle heure est-il maintenant ?",
        "Quelle heure il est ?",
        "Il est quelle heure ?",
        "Il est quelle heure, là ?",
        "C'est quelle heure ?",
        "Tu as l'heure ?",
        "T'as l'heure ?",
        "Vous avez l’heure ?",
        "Avez-vous l'heure, s'il vous plaît ?",
        "Est-ce que tu as l'heure ?",
        "Est-ce que tu sais quelle heure il est ?",
        "Dis-moi l'heure.",
        "Donne-moi l'heure, s'il te plaît.",
        "Dis-moi quelle heure il est.",
        "Peux-tu me dire l'heure ?",
        "Tu peux me dire quelle heure il est ?",
        "Pouvez-vous me dire quelle heure il est ?",
        "Est-ce que vous pouvez me donner l'heure ?",
    ],
    "es": [
        "¿Qué hora es?",
        "que hora es",
        "¿Qué hora es ahora?",
        "¿Qué horas son?",
        "¿Qué hora tienes?",
        "¿Cuál es la hora?",
        "Dime la hora.",
        "Dime qué hora es, por favor.",
        "¿Me dices la hora?",
        "¿Puedes decirme la hora?",
        "¿Me puedes decir qué hora es?",
        "¿Podría decirme qué hora es?",
        "¿Sabes qué hora es?",
        "¿Tienes hora?",
        "Oye, ¿qué hora es?",
    ],
    "it": [
        "Che ore sono?",
        "Che ora è?",
        "Che ora e'?",
        "Che ore sono adesso?",
        "Che ore sono, per favore?",
        "Dimmi l'ora.",
        "Dimmi che ore sono.",
        "Mi dici l'ora?",
        "Mi puoi dire che ore sono?",
        "Puoi dirmi che ora è?",
        "Potresti dirmi l'ora?",
        "Sai che ore sono?",
        "Sa che ora è?",
        "Hai l'ora?",
        "Qual è l'ora?",
    ],
    "nl": [
        "Hoe laat is het?",
        "Hoe laat is het nu?",
        "Hoe laat is 't?",
        "Hoe laat is het eigenlijk?",
        "Hoe laat hebben we het?",
        "Wat is de tijd?",
        "Hoeveel uur is het?",
        "Zeg me hoe laat het is.",
        "Vertel me hoe laat het is, alsjeblieft.",
        "Kun je me vertellen hoe laat het is?",
        "Kunt u mij zeggen hoe laat het is?",
        "Weet je hoe laat het is?",
        "Weet u hoe laat het is?",
    ],
    "pt": [
        "Que horas são?",
        "que horas sao",
        "Que horas são agora?",
        "Que hora é?",
        "Que horas é que são?",
        "Quantas horas são?",
        "Qual é a hora?",
        "Diga-me as horas, por favor.",
        "Diz-me que horas são.",
        "Me diz as horas.",
        "Me diga que horas são.",
        "Pode me dizer as horas?",
        "Você pode me dizer que horas são?",
        "Podes dizer-me que horas são?",
        "Sabe que horas são?",
        "Você sabe que horas são?",
        "Tens horas?",
    ],
    "zh": [
        "现在几点？",
        "现在几点了？",
        "几点了？",
        "几点钟了？",
        "现在是几点？",
        "现在是什么时间？",
        "请问现在几点了？",
        "现在 几点 了",
        "告诉我时间。",
        "告诉我现在几点了。",
        "请告诉我现在的时间。",
        "你知道现在几点吗？",
        "能告诉我现在几点吗？",
        "现在的时间是多少？",
        "現在幾點？",
        "請問現在幾點了？",
    ],
}

NOT_ASKED = {
    "en": [
        "",
        "?",
        "Time.",
        "What time is it in Tokyo?",
        "What time is it there?",
        "What time is the meeting?",
        "What time was it?",
        "What time does the shop open?",
        "What's the time in London?",
        "What is the time of the train?",
        "Tell me the time of the next train.",
        "Tell me what time it is in Paris.",
        "Tell me about time.",
        "Do you have time?",
        "Do you have the time to help me?",
        "What time is it when the big hand is on the six?",
        "Set the time.",
        "What time zone is it?",
        "How long is it?",
        "It is what it is.",
        "What time is it and what is the weather?",
        "Wie spät ist es?",
    ],
    "de": [
        "Wie spät ist es in Tokio?",
        "Wie viel Uhr ist es in New York?",
        "Wie spät kommt der Zug?",
        "Um wie viel Uhr ist das Treffen?",
        "Wie viel kostet die Uhr?",
        "Hast du Zeit?",
        "Sag mir die Uhrzeit der Abfahrt.",
        "Es ist spät.",
        "Weißt du, wie spät es gestern war?",
    ],
    "fr": [
        "Quelle heure est-il à Tokyo ?",
        "À quelle heure est la réunion ?",
        "Il est quelle heure à Londres ?",
        "Il est tard.",
        "Tu as une heure ?",
        "Tu as l'heure du train ?",
        "Donne-moi l'heure du rendez-vous.",
    ],
    "es": [
        "¿Qué hora es en Tokio?",
        "¿A qué hora es la reunión?",
        "¿Qué hora era?",
        "Dime la hora de salida.",
        "¿Tienes hora para el médico?",
        "Es la hora.",
    ],
    "it": [
        "Che ore sono a Tokyo?",
        "A che ora è la riunione?",
        "Che ora era?",
        "Dimmi l'ora del treno.",
        "Ora.",
    ],
    "nl": [
        "Hoe laat is het in Tokio?",
        "Hoe laat is de vergadering?",
        "Wat is de tijd in Londen?",
        "Hoe laat was het?",
        "Het is laat.",
    ],
    "pt": [
        "Que horas são em Tóquio?",
        "A que horas é a reunião?",
        "Que horas eram?",
        "Diga-me as horas do comboio.",
        "Há quantas horas?",
    ],
    "zh": [
        "东京现在几点？",
        "会议几点开始？",
        "现在几点开门？",
        "几点？",
        "现在是什么时候开始？",
        "时间",
    ],
}


@pytest.mark.parametrize(("language", "text"), [(language, text) for language in ASKED for text in ASKED[language]])
def test_a_question_for_the_time_is_understood(language: str, text: str) -> None:
    assert asks_time(text, language)


@pytest.mark.parametrize(
    ("language", "text"), [(language, text) for language in NOT_ASKED for text in NOT_ASKED[language]]
)
def test_another_sentence_that_speaks_of_time_is_none(language: str, text: str) -> None:
    assert not asks_time(text, language)


@pytest.mark.parametrize("language", ["ja", "sv", "xx", "", "../en"])
def test_a_language_without_patterns_knows_no_question(language: str) -> None:
    assert not asks_time("What time is it?", language)


@pytest.mark.parametrize(
    ("language", "hour", "minute", "said"),
    [
        ("en", 0, 0, "It is 12 AM."),
        ("en", 0, 30, "It is 12:30 AM."),
        ("en", 9, 5, "It is 9:05 AM."),
        ("en", 12, 0, "It is 12 PM."),
        ("en", 14, 5, "It is 2:05 PM."),
        ("en", 23, 59, "It is 11:59 PM."),
        ("de", 0, 21, "Es ist 0 Uhr 21."),
        ("de", 1, 0, "Es ist ein Uhr."),
        ("de", 14, 5, "Es ist 14 Uhr 5."),
        ("fr", 0, 0, "Il est minuit."),
        ("fr", 1, 1, "Il est une heure une."),
        ("fr", 12, 10, "Il est midi 10."),
        ("fr", 14, 5, "Il est 14 heures 5."),
        ("fr", 21, 21, "Il est vingt-et-une heures vingt-et-une."),
        ("es", 1, 0, "Es la una de la madrugada."),
        ("es", 13, 15, "Es la una y cuarto de la tarde."),
        ("es", 14, 5, "Son las 2 y 5 de la tarde."),
        ("es", 21, 30, "Son las 9 y media de la noche."),
        ("it", 0, 0, "È mezzanotte."),
        ("it", 1, 5, "È l'una e 5."),
        ("it", 14, 5, "Sono le 14 e 5."),
        ("nl", 14, 0, "Het is 14 uur."),
        ("nl", 14, 5, "Het is 14 uur 5."),
        ("pt", 1, 0, "É uma hora."),
        ("pt", 12, 30, "É meio-dia e meia."),
        ("pt", 14, 5, "São 14 horas e 5."),
        ("pt", 22, 5, "São vinte e duas horas e 5."),
        ("zh", 0, 0, "现在是凌晨零点整。"),
        ("zh", 14, 5, "现在是下午两点零五分。"),
        ("zh", 14, 21, "现在是下午两点二十一分。"),
    ],
)
def test_the_time_is_told_as_people_say_it(language: str, hour: int, minute: int, said: str) -> None:
    assert spoken_time(time(hour, minute, 42), language) == said


@pytest.mark.parametrize("language", sorted(ASKED))
def test_every_minute_of_a_day_has_a_sentence_of_its_own(language: str) -> None:
    said = {spoken_time(time(hour, minute), language) for hour in range(24) for minute in range(60)}
    assert len(said) == 24 * 60
    assert all(sentence and "{" not in sentence for sentence in said)


@pytest.mark.parametrize("language", ["ja", "sv", "xx", ""])
def test_a_language_without_a_clock_tells_no_time(language: str) -> None:
    assert spoken_time(time(14, 5), language) is None
