"""Hypotheses are words, noise, or doubtful enough to decode again."""

from dataclasses import replace

import pytest

from assistant.asr.guards import Hypothesis, Verdict, judge


def hypothesis(text: str, *, log_probability: float = -0.3, no_speech: float = 0.1, ended: bool = True) -> Hypothesis:
    return Hypothesis(text, log_probability, no_speech, ended)


@pytest.mark.parametrize(
    "words",
    [
        hypothesis("What time is it?"),
        hypothesis("Stop.", log_probability=-1.09, no_speech=0.16),
        hypothesis("音声認識の現状について", log_probability=-0.33, no_speech=0.47),
        hypothesis("Play the Beatles.", log_probability=-0.71, no_speech=0.5),
        hypothesis("No, no, no."),
    ],
)
def test_words_are_words_even_when_short_or_when_one_measure_is_poor(words: Hypothesis) -> None:
    assert judge(words) is Verdict.WORDS


@pytest.mark.parametrize(
    "noise",
    [
        hypothesis(""),
        hypothesis("... !"),
        hypothesis("Thank you.", log_probability=-0.91, no_speech=0.6),
        hypothesis("you", log_probability=-0.99, no_speech=0.92),
        hypothesis("Thank you.", log_probability=-0.75, no_speech=0.66),
    ],
)
def test_what_the_model_hallucinates_in_noise_is_noise(noise: Hypothesis) -> None:
    assert judge(noise) is Verdict.NOISE


@pytest.mark.parametrize(
    "wrong",
    [
        hypothesis("Turn on the lamp. " * 6),
        hypothesis("It goes on", ended=False),
        hypothesis("1 tbc 1 tbc 1 tbc", log_probability=-0.59, no_speech=0.51, ended=False),
    ],
)
def test_repetition_and_a_missing_end_are_worth_the_full_window(wrong: Hypothesis) -> None:
    assert judge(wrong) is Verdict.SUSPECT


@pytest.mark.parametrize(
    ("text", "speech_s", "verdict"),
    [
        ("What time is it? What time is it?", 4.2, Verdict.SUSPECT),
        ("What time is it? What time is it?", 2.5, Verdict.WORDS),
        ("Could you please turn the lights on? Could you please turn the lights on?", 4.2, Verdict.WORDS),
        ("What time is it now in Paris?", 4.2, Verdict.WORDS),
        ("What time is it?", 4.2, Verdict.SUSPECT),
        ("Hello? Hello?", 4.2, Verdict.SUSPECT),
    ],
)
def test_few_words_for_much_speech_are_too(text: str, speech_s: float, verdict: Verdict) -> None:
    assert judge(replace(hypothesis(text), speech_s=speech_s)) is verdict


def test_so_is_low_probability() -> None:
    assert judge(hypothesis("Plate servos", log_probability=-1.45, no_speech=0.18)) is Verdict.IMPROBABLE
