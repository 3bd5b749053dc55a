"""Speech over the assistant's voice, on the audio clock alone."""

import pytest

from assistant.audio.pcm import BLOCK, LISTENING_RATE
from assistant.language.remarks import Remark
from assistant.turns.barge_in import BargeIn, PlaybackAction


class Scene:
    """Speech and silence over an answer; notes what is done when, in milliseconds."""

    def __init__(self, *, playing: bool = True, converged: bool = True) -> None:
        self.barge_in = BargeIn()
        self.playing = playing
        self.converged = converged
        self.now = 0
        self.done: list[tuple[int, PlaybackAction]] = []

    def hear(self, is_speech: bool, milliseconds: int) -> "Scene":
        for _ in range(milliseconds * LISTENING_RATE // 1000 // BLOCK):
            start, self.now = self.now, self.now + BLOCK
            self._note(self.barge_in.feed(is_speech, start, self.now, playing=self.playing, converged=self.converged))
        return self

    def understand(self, remark: Remark, *, own: bool = False, finished: bool = True) -> "Scene":
        self._note(self.barge_in.understood(remark, own=own, finished=finished))
        return self

    @property
    def actions(self) -> list[PlaybackAction]:
        return [action for _, action in self.done]

    def _note(self, action: PlaybackAction | None) -> None:
        if action is not None:
            self.done.append((self.now * 1000 // LISTENING_RATE, action))


def test_silence_leaves_the_answer_alone() -> None:
    assert Scene().hear(False, 3200).done == []


def test_speech_lowers_the_answer_at_once_and_holds_it_soon() -> None:
    assert Scene().hear(True, 320).done == [(32, PlaybackAction.DUCK), (64, PlaybackAction.HOLD)]


def test_words_end_the_answer_at_once() -> None:
    scene = Scene().hear(True, 320).understand(Remark.WORDS, finished=False)
    assert scene.actions == [PlaybackAction.DUCK, PlaybackAction.HOLD, PlaybackAction.STOP]
    assert scene.hear(True, 960).hear(False, 3200).understand(Remark.BACKCHANNEL).actions == scene.actions


def test_stop_ends_the_answer() -> None:
    assert Scene().hear(True, 320).understand(Remark.STOP).actions[-1] is PlaybackAction.STOP


@pytest.mark.parametrize("remark", [Remark.BACKCHANNEL])
def test_a_hum_restores_it(remark: Remark) -> None:
    scene = Scene().hear(True, 320).understand(remark, finished=False)
    assert scene.actions == [PlaybackAction.DUCK, PlaybackAction.HOLD]
    assert scene.understand(remark).actions[-1] is PlaybackAction.RESTORE


def test_a_click_only_lowers_it_and_a_short_silence_restores_it() -> None:
    scene = Scene().hear(True, 32).hear(False, 512)
    assert scene.done == [(32, PlaybackAction.DUCK), (32 + 256, PlaybackAction.RESTORE)]


def test_what_was_held_for_less_than_a_word_goes_on_after_as_short_a_silence() -> None:
    scene = Scene().hear(True, 128).hear(False, 512)
    assert scene.done == [(32, PlaybackAction.DUCK), (64, PlaybackAction.HOLD), (128 + 256, PlaybackAction.RESTORE)]


def test_a_cough_that_recognition_says_nothing_about_does_not_silence_it_for_ever() -> None:
    scene = Scene().hear(True, 320).hear(False, 3200)
    assert scene.done[-1] == (320 + 2528, PlaybackAction.RESTORE)


def test_short_noises_do_not_add_up() -> None:
    scene = Scene()
    for _ in range(6):
        scene.hear(True, 32).hear(False, 320)
    assert PlaybackAction.HOLD not in scene.actions


def test_nor_while_the_canceller_converges() -> None:
    scene = Scene(converged=False)
    for _ in range(6):
        scene.hear(True, 160).hear(False, 320)
    assert PlaybackAction.HOLD not in scene.actions


def test_a_gap_between_two_syllables_is_none() -> None:
    assert Scene().hear(True, 32).hear(False, 64).hear(True, 32).actions == [PlaybackAction.DUCK, PlaybackAction.HOLD]


def test_speech_that_goes_on_ends_the_answer_whatever_recognition_makes_of_it() -> None:
    assert Scene().hear(True, 1280).done[-1] == (1216, PlaybackAction.STOP)


def test_while_the_canceller_converges_more_is_needed() -> None:
    scene = Scene(converged=False).hear(True, 3200)
    assert scene.done == [(64, PlaybackAction.DUCK), (480, PlaybackAction.HOLD)]
    assert scene.understand(Remark.WORDS).actions[-1] is PlaybackAction.STOP


def test_the_assistants_own_words_restore_it() -> None:
    scene = Scene(converged=False).hear(True, 640).understand(Remark.WORDS, own=True)
    assert scene.actions == [PlaybackAction.DUCK, PlaybackAction.HOLD, PlaybackAction.RESTORE]


def test_an_answer_that_is_not_playing_yet_is_held_back_at_once() -> None:
    assert Scene(playing=False).hear(True, 96).done == [(64, PlaybackAction.HOLD)]


def test_what_is_said_about_silence_changes_nothing() -> None:
    assert Scene().understand(Remark.BACKCHANNEL).done == []


def test_after_a_restoration_it_begins_anew() -> None:
    scene = Scene().hear(True, 320).understand(Remark.BACKCHANNEL).hear(False, 320).hear(True, 320)
    assert scene.actions == [
        PlaybackAction.DUCK,
        PlaybackAction.HOLD,
        PlaybackAction.RESTORE,
        PlaybackAction.DUCK,
        PlaybackAction.HOLD,
    ]
