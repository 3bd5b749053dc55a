"""Who may use how many threads."""

import pytest

from assistant.host.budget import thread_budget


@pytest.mark.parametrize("cores", [1, 2, 3, 4, 8, 64])
def test_two_stages_at_work_never_use_more_than_the_machine_has(cores: int) -> None:
    budget = thread_budget(cores)
    for one, other in ((budget.recognition, budget.judgement), (budget.recognition, budget.prompt)):
        assert one >= 1
        assert other >= 1
        assert one + other <= max(2, cores)
    assert max(budget.generation, budget.synthesis) <= cores


def test_answering_beside_recognition_needs_cores_of_its_own() -> None:
    assert not thread_budget(2).answers_beside_recognition
    assert thread_budget(4).answers_beside_recognition
