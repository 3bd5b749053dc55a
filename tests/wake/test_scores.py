"""When scores mean a wake word, on the audio clock alone."""

from assistant.audio.pcm import BLOCK, LISTENING_RATE
from assistant.wake.base import Wake
from assistant.wake.detector import Detector


def hear(detector: Detector, *blocks: dict[str, list[float]], start: int = 0) -> list[Wake]:
    found = [detector.heard(scores, (start + number + 1) * BLOCK) for number, scores in enumerate(blocks)]
    return [wake for wake in found if wake is not None]


def one() -> Detector:
    return Detector({"computer": (0.5, 0.1)})


def test_two_high_scores_in_a_row_are_the_word() -> None:
    assert hear(one(), {"computer": [0.6]}, {"computer": [0.7]}) == [
        Wake("computer", 0.7, 2 * BLOCK, 2 * BLOCK - LISTENING_RATE // 10)
    ]


def test_single_high_scores_are_not() -> None:
    assert hear(one(), *[{"computer": [0.9, 0.4]}] * 20) == []


def test_a_block_without_a_score_changes_nothing() -> None:
    assert len(hear(one(), {"computer": [0.6]}, {"computer": []}, {"computer": [0.6]})) == 1


def test_one_word_wakes_once_and_again_later() -> None:
    detector = one()
    assert len(hear(detector, *[{"computer": [0.9]}] * 40)) == 1
    assert len(hear(detector, {"computer": [0.1]}, *[{"computer": [0.9]}] * 3, start=70)) == 1


def test_each_word_has_its_threshold_and_the_likeliest_counts() -> None:
    detector = Detector({"computer": (0.5, 0.1), "alexa": (0.9, 0.0)})
    assert hear(detector, *[{"computer": [0.4], "alexa": [0.8]}] * 5) == []
    assert [wake.word for wake in hear(detector, *[{"computer": [0.6], "alexa": [0.95]}] * 5)] == ["alexa"]
