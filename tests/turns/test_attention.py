"""When the assistant is spoken to, on the audio clock alone."""

from assistant.audio.pcm import LISTENING_RATE
from assistant.config.schema import Wake
from assistant.turns.attention import Attention, IdleReason

SECOND = LISTENING_RATE
WAKE = Wake(listen_s=6, follow_up_s=5, follow_up_question_s=9)


def test_without_wake_words_everything_is_for_the_assistant() -> None:
    attention = Attention(None)
    assert attention.is_awake
    attention.engaged()
    assert attention.answered(SECOND, question=True) is None
    assert attention.passed(100 * SECOND) is None
    assert attention.dismissed() is None
    assert attention.is_awake


def test_nothing_is_heard_before_the_wake_word() -> None:
    assert not Attention(WAKE).is_awake


def test_after_the_wake_word_it_waits_a_while_for_speech() -> None:
    attention = Attention(WAKE)
    attention.woken(SECOND)
    assert attention.passed(7 * SECOND - 1) is None
    assert attention.is_awake
    assert attention.passed(7 * SECOND) is IdleReason.SILENCE
    assert not attention.is_awake
    assert attention.passed(8 * SECOND) is None


def test_a_turn_is_listened_to_however_long_it_takes() -> None:
    attention = Attention(WAKE)
    attention.woken(0)
    attention.engaged()
    assert attention.passed(60 * SECOND) is None
    assert attention.is_awake


def test_after_an_answer_no_wake_word_is_needed_for_a_while_and_longer_after_a_question() -> None:
    for question, seconds in ((False, 5), (True, 9)):
        attention = Attention(WAKE)
        attention.woken(0)
        attention.engaged()
        window = attention.answered(20 * SECOND, question=question)
        assert window is not None
        assert window.seconds == seconds
        assert attention.passed((20 + seconds) * SECOND - 1) is None
        assert attention.passed((20 + seconds) * SECOND) is IdleReason.SILENCE


def test_follow_up_can_be_switched_off() -> None:
    attention = Attention(Wake(follow_up_s=0))
    attention.woken(0)
    attention.engaged()
    assert attention.answered(SECOND, question=False) is None
    assert not attention.is_awake


def test_never_mind_ends_it_at_once() -> None:
    attention = Attention(WAKE)
    attention.woken(0)
    attention.engaged()
    assert attention.dismissed() is IdleReason.DISMISSED
    assert not attention.is_awake
    assert attention.dismissed() is None
