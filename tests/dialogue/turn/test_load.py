"""Shedding work ahead, over scripted passes."""

from assistant.dialogue.turn.load import CALM, STRAINED, Load
from assistant.dialogue.turn.speculation import Effort


def after(load: Load, pass_s: float, times: int, late_blocks: int = 0) -> list[bool]:
    return [load.observe(pass_s, late_blocks) for _ in range(times)]


def test_a_machine_that_keeps_up_does_everything() -> None:
    load = Load(0.5)
    assert not any(after(load, 0.49, 50))
    assert load.effort is Effort.FULL


def test_one_slow_pass_changes_nothing() -> None:
    load = Load(0.5)
    assert not any([*after(load, 3.0, STRAINED - 1), *after(load, 0.1, 1), *after(load, 3.0, STRAINED - 1)])


def test_effort_is_shed_one_step_at_a_time_as_far_as_it_helps() -> None:
    load = Load(0.5)
    assert after(load, 1.1, STRAINED) == [False] * (STRAINED - 1) + [True]
    steps = [load.effort]
    after(load, 1.1, STRAINED)
    steps.append(load.effort)
    assert steps == [Effort.FEWER_PASSES, Effort.NO_SPECULATION]
    assert not any(after(load, 1.1, 50))
    after(load, 9.0, 50)
    assert load.effort == Effort.NO_PARTIALS


def test_late_audio_is_a_strain_however_quick_the_passes_are() -> None:
    load = Load(0.5)
    after(load, 0.1, STRAINED, late_blocks=1)
    assert load.effort is Effort.FEWER_PASSES


def test_it_does_more_again_when_passes_have_been_quick_for_a_while() -> None:
    load = Load(0.5)
    after(load, 0.7, STRAINED)
    assert after(load, 0.2, CALM) == [False] * (CALM - 1) + [True]
    assert load.effort is Effort.FULL
