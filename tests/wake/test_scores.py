"""When scores mean a wake word, on the audio clock alone."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from assistant.audio.pcm import BLOCK, LISTENING_RATE
from assistant.wake.base import Detection, SecondLookAt
from assistant.wake.scores import LOOKS, REFRACTORY_S, Criteria, ScoreFilter

Scores = dict[str, list[float]]


def hear(
    score_filter: ScoreFilter, *blocks: Scores, looks: dict[str, float] | None = None, start: int = 0
) -> list[Detection]:
    """Feed `blocks`, each of which a second look gives the scores `looks`."""
    said = []
    for number, scores in enumerate(blocks):
        found = score_filter.push(scores, (start + number + 1) * BLOCK)
        said += [score_filter.settle(found, looks or {})] if found else []
    return [detection for detection in said if detection is not None]


def one() -> ScoreFilter:
    return ScoreFilter({"computer": Criteria(0.5, 0.1)})


def looked_at() -> ScoreFilter:
    return ScoreFilter({"computer": Criteria(0.5, 0.1, second_look=SecondLookAt(0.7, 0.0))})


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
    score_filter = ScoreFilter({"computer": Criteria(0.5, 0.1), "alexa": Criteria(0.9, 0.0)})
    assert hear(score_filter, *[{"computer": [0.4], "alexa": [0.8]}] * 5) == []
    assert [detection.word for detection in hear(score_filter, *[{"computer": [0.6], "alexa": [0.95]}] * 5)] == [
        "alexa"
    ]


def test_a_second_look_decides_and_is_told() -> None:
    scores = [{"computer": [0.9]}] * 5
    assert hear(looked_at(), *scores, looks={"computer": 0.6}) == []
    [said] = hear(looked_at(), *scores, looks={"computer": 0.8})
    assert said.second_look == 0.8
    assert said.at == 2 * BLOCK


def test_a_word_that_has_not_ended_is_looked_at_again_but_keeps_its_end() -> None:
    score_filter = looked_at()
    first = score_filter.push({"computer": [0.6, 0.6]}, BLOCK)
    assert score_filter.settle(first, {"computer": 0.1}) is None
    again = score_filter.push({"computer": [0.6]}, 2 * BLOCK)
    said = score_filter.settle(again, {"computer": 0.9})
    assert said == Detection("computer", 0.6, 2 * BLOCK, BLOCK - LISTENING_RATE // 10, second_look=0.9)


def test_a_word_that_is_detected_before_it_ends_is_looked_at_later() -> None:
    early = ScoreFilter({"computer": Criteria(0.5, 0.1, second_look=SecondLookAt(0.7, 3 * BLOCK / LISTENING_RATE))})
    found = [early.push({"computer": [0.6]} if number < 3 else {}, number * BLOCK) for number in range(1, 15)]
    assert [bool(each) for each in found] == [False] * 4 + [True] * LOOKS + [False] * (10 - LOOKS)
    assert {each.word_end for looked in found for each in looked} == {5 * BLOCK - LISTENING_RATE // 10}


def test_what_stays_like_a_word_is_not_looked_at_for_ever() -> None:
    score_filter = looked_at()
    looks = 0
    for number in range(100):
        found = score_filter.push({"computer": [0.9]}, number * BLOCK)
        looks += bool(found)
        assert score_filter.settle(found, {}) is None
    assert looks == LOOKS


def test_a_second_look_is_needed_only_where_every_word_that_it_may_be_has_one() -> None:
    score_filter = ScoreFilter(
        {"computer": Criteria(0.5, 0.1, second_look=SecondLookAt(0.7, 0.0)), "mine": Criteria(0.5, 0.1)}
    )
    both = score_filter.push({"computer": [0.9, 0.9], "mine": [0.8, 0.8]}, BLOCK)
    assert not score_filter.needs_look(both)
    assert [said.word for said in [score_filter.settle(both, {})] if said is not None] == ["mine"]
    assert score_filter.needs_look(looked_at().push({"computer": [0.9, 0.9]}, BLOCK))
    assert not score_filter.needs_look([])


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=200))
def test_a_second_look_only_ever_takes_away_and_words_keep_their_distance(blocks: list[tuple[float, float]]) -> None:
    score_filter, said = looked_at(), []
    for number, (score, look) in enumerate(blocks, 1):
        found = score_filter.push({"computer": [score]}, number * BLOCK)
        detection = score_filter.settle(found, {"computer": look})
        assert detection is None or look >= 0.7
        said += [detection] if detection is not None else []
    ends = [each.at for each in said]
    assert all(later - earlier >= REFRACTORY_S * LISTENING_RATE for earlier, later in pairwise(ends))
