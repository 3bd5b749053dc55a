"""When scores mean a wake word, on the audio clock alone."""

from assistant.audio.pcm import BLOCK, LISTENING_RATE
from assistant.wake.base import Detection
from assistant.wake.scores import ScoreFilter


def hear(score_filter: ScoreFilter, *blocks: dict[str, list[float]], start: int = 0) -> list[Detection]:
    found = [score_filter.push(scores, (start + number + 1) * BLOCK) for number, scores in enumerate(blocks)]
    return [detection for detection in found if detection is not None]


def one() -> ScoreFilter:
    return ScoreFilter({"computer": (0.5, 0.1)})


def test_two_high_scores_in_a_row_are_the_word() -> None:
    assert hear(one(), {"computer": [0.6]}, {"computer": [0.7]}) == [
        Detection("computer", 0.7, 2 * BLOCK, 2 * BLOCK - LISTENING_RATE // 10)
    ]


def test_single_high_scores_are_not() -> None:
    assert hear(one(), *[{"computer": [0.9, 0.4]}] * 20) == []


def test_a_block_without_a_score_changes_nothing() -> None:
    assert len(hear(one(), {"computer": [0.6]}, {"computer": []}, {"computer": [0.6]})) == 1


def test_one_word_wakes_once_and_again_later() -> None:
    score_filter = one()
    assert len(hear(score_filter, *[{"computer": [0.9]}] * 40)) == 1
    assert len(hear(score_filter, {"computer": [0.1]}, *[{"computer": [0.9]}] * 3, start=70)) == 1


def test_each_word_has_its_threshold_and_the_likeliest_counts() -> None:
    score_filter = ScoreFilter({"computer": (0.5, 0.1), "alexa": (0.9, 0.0)})
    assert hear(score_filter, *[{"computer": [0.4], "alexa": [0.8]}] * 5) == []
    assert [detection.word for detection in hear(score_filter, *[{"computer": [0.6], "alexa": [0.95]}] * 5)] == [
        "alexa"
    ]
