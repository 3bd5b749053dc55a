"""How long a silence has to be."""

import pytest

from assistant.config.schema import Turns
from assistant.turns.endpointing import MAX_LOOKS, Endpointing

TURNS = Turns(complete_ms=200, incomplete_ms=1200, endpoint_ms=480)


def waits(*probabilities: float, text: str = "Well.", turns: Turns = TURNS) -> float:
    endpointing = Endpointing(turns)
    for probability in probabilities:
        endpointing.judged(probability)
    endpointing.understood(text)
    return endpointing.silence_ms


def test_a_finished_sentence_needs_little_silence_and_an_unfinished_one_much() -> None:
    assert waits(0.99) == 200
    assert waits(0.05) == 1200
    assert 200 < waits(0.93) < waits(0.88) < waits(0.8) < 1200


def test_until_it_was_judged_it_may_be_unfinished() -> None:
    assert waits() == 1200


def test_looks_that_differ_are_averaged() -> None:
    assert waits(0.99) < waits(0.99, 0.6) < waits(0.6)


def test_a_question_mark_speaks_for_the_end_but_does_not_outweigh_the_voice() -> None:
    assert waits(0.8, text="Is it?") < waits(0.8, text="It is.")
    assert waits(0.05, text="What is the weather in?") == 1200


def test_a_voice_without_words_is_waited_for() -> None:
    assert waits(0.99, text="") == 1200


def test_how_sure_is_sure_can_be_chosen() -> None:
    assert waits(0.97, turns=Turns(end_threshold=0.983)) > waits(0.97) == 200


def test_a_sure_judgement_needs_no_second_look() -> None:
    endpointing = Endpointing(TURNS)
    assert endpointing.wants_look
    endpointing.judged(0.97)
    assert not endpointing.wants_look


def test_doubt_is_looked_at_a_few_times_only() -> None:
    endpointing = Endpointing(TURNS)
    for _ in range(MAX_LOOKS):
        assert endpointing.wants_look
        endpointing.judged(0.5)
    assert not endpointing.wants_look


def test_the_next_pause_is_judged_anew() -> None:
    endpointing = Endpointing(TURNS)
    endpointing.judged(0.99)
    endpointing.understood("Is it?")
    endpointing.new_pause()
    assert endpointing.silence_ms == 1200


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_a_model_may_be_certain(probability: float) -> None:
    assert waits(probability) in (200, 1200)


def test_silence_alone_decides_when_that_is_asked_for() -> None:
    endpointing = Endpointing(Turns(mode="silence", endpoint_ms=480))
    endpointing.judged(0.99)
    assert not endpointing.wants_look
    assert endpointing.silence_ms == 480
