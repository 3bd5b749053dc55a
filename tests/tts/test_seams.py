from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from assistant.audio.pcm import Samples
from assistant.blocking import NeverStop
from assistant.tts.piper import Piper
from assistant.tts.seams import SeamlessJoin

RATE = 16_000
CLAUSE_MS, SENTENCE_MS = 80, 260

REPLY = [
    ("Sure,", False),
    ("the answer is eight megabits", False),
    ("in one megabyte,", False),
    ("because half of the stuff is fish.", True),
    ("No.", True),
    ("Stop", False),
    ("what else?", True),
]


def tone(seconds: float, level: float = 0.5) -> Samples:
    return (level * np.sin(np.arange(int(seconds * RATE)) * 2 * np.pi * 220 / RATE)).astype(np.float32)


def quiet(seconds: float) -> Samples:
    return np.random.default_rng(1).normal(0, 1e-4, int(seconds * RATE)).astype(np.float32)


def piece(sound_s: float = 0.3, before_s: float = 0.04, after_s: float = 0.2) -> Samples:
    return np.concatenate((quiet(before_s), tone(sound_s), quiet(after_s)))


def joined(join: SeamlessJoin, clauses: list[tuple[Samples, bool]], cut: Callable[[Samples], list[Samples]]) -> Samples:
    played = []
    for audio, ends_sentence in clauses:
        played += [join.push(part) for part in cut(audio)]
        played.append(join.end_clause(ends_sentence=ends_sentence))
    return np.concatenate([*played, join.flush()])


def whole(audio: Samples) -> list[Samples]:
    return [audio]


def in_small_parts(audio: Samples) -> list[Samples]:
    return [audio[start : start + 37] for start in range(0, len(audio), 37)]


def silences_ms(audio: Samples, rate: int, longer_than_ms: float) -> list[float]:
    loud = np.flatnonzero(np.abs(audio) > 0.003)
    return [float(gap) for gap in np.diff(loud) / rate * 1000 if gap > longer_than_ms]


def two_clauses(*, ends_sentence: bool) -> list[tuple[Samples, bool]]:
    return [(piece(), ends_sentence), (piece(), True)]


@pytest.mark.parametrize("cut", [whole, in_small_parts])
@pytest.mark.parametrize(("ends_sentence", "pause_ms"), [(False, CLAUSE_MS), (True, SENTENCE_MS)])
def test_the_pause_between_clauses_is_the_configured_one(
    cut: Callable[[Samples], list[Samples]], ends_sentence: bool, pause_ms: int
) -> None:
    audio = joined(SeamlessJoin(RATE, CLAUSE_MS, SENTENCE_MS), two_clauses(ends_sentence=ends_sentence), cut)
    assert silences_ms(audio, RATE, 20) == [pytest.approx(pause_ms, abs=5)]


@pytest.mark.parametrize("pause_ms", [0, 5, 20, 40, 1000])
def test_a_pause_may_be_of_any_length(pause_ms: int) -> None:
    audio = joined(SeamlessJoin(RATE, pause_ms, pause_ms), two_clauses(ends_sentence=True), whole)
    loud = np.flatnonzero(np.abs(audio) > 0.01)
    assert np.diff(loud).max() / RATE * 1000 == pytest.approx(pause_ms, abs=5)


@pytest.mark.parametrize(("before_s", "after_s"), [(0.0, 0.0), (0.002, 0.001), (0.05, 0.0), (0.0, 0.3)])
def test_the_pause_does_not_depend_on_the_silence_around_the_clauses(before_s: float, after_s: float) -> None:
    clauses = [(piece(0.3, before_s, after_s), False), (piece(0.3, before_s, after_s), True)]
    audio = joined(SeamlessJoin(RATE, CLAUSE_MS, SENTENCE_MS), clauses, whole)
    assert silences_ms(audio, RATE, 20) == [pytest.approx(CLAUSE_MS, abs=5)]


def test_it_begins_10_ms_before_the_first_sound_and_ends_20_ms_after_the_last() -> None:
    audio = joined(SeamlessJoin(RATE, CLAUSE_MS, SENTENCE_MS), [(piece(), True)], whole)
    loud = np.flatnonzero(np.abs(audio) > 0.003)
    assert loud[0] / RATE == pytest.approx(0.010, abs=0.001)
    assert (len(audio) - loud[-1]) / RATE == pytest.approx(0.020, abs=0.001)


def test_the_first_sound_is_returned_by_the_call_that_brought_it() -> None:
    join = SeamlessJoin(RATE, CLAUSE_MS, SENTENCE_MS)
    assert len(join.push(quiet(0.04))) == 0
    assert np.abs(join.push(tone(0.02))).max() > 0.4


def test_all_sound_but_the_last_5_ms_is_returned_at_once() -> None:
    returned = SeamlessJoin(RATE, CLAUSE_MS, SENTENCE_MS).push(np.concatenate((quiet(0.04), tone(0.3))))
    assert len(returned) / RATE == pytest.approx(0.305, abs=0.001)


def test_silence_inside_a_clause_stays() -> None:
    inner = np.concatenate((piece(), piece()))
    audio = joined(SeamlessJoin(RATE, CLAUSE_MS, SENTENCE_MS), [(inner, True)], in_small_parts)
    assert silences_ms(audio, RATE, 20) == [pytest.approx(240, abs=5)]


def test_the_division_of_the_audio_into_pieces_does_not_matter() -> None:
    clauses = two_clauses(ends_sentence=False)
    in_one = joined(SeamlessJoin(RATE, CLAUSE_MS, SENTENCE_MS), clauses, whole)
    in_many = joined(SeamlessJoin(RATE, CLAUSE_MS, SENTENCE_MS), clauses, in_small_parts)
    assert len(in_one) == pytest.approx(len(in_many), abs=RATE // 500)


def test_the_pause_inside_a_sentence_does_not_wait_for_the_next_clause() -> None:
    join = SeamlessJoin(RATE, CLAUSE_MS, SENTENCE_MS)
    join.push(piece())
    assert len(join.end_clause(ends_sentence=False)) / RATE > 0.06


def test_the_last_sentence_is_followed_by_no_pause() -> None:
    join = SeamlessJoin(RATE, CLAUSE_MS, SENTENCE_MS)
    join.push(piece())
    assert len(join.end_clause(ends_sentence=True)) / RATE <= 0.025
    assert len(join.flush()) == 0


@pytest.mark.parametrize("audio", [np.zeros(0, np.float32), quiet(0.3)], ids=["nothing", "silence"])
def test_a_clause_without_sound_leaves_no_trace(audio: Samples) -> None:
    three = [(piece(), True), (audio, True), (piece(), True)]
    played = joined(SeamlessJoin(RATE, CLAUSE_MS, SENTENCE_MS), three, whole)
    without = joined(SeamlessJoin(RATE, CLAUSE_MS, SENTENCE_MS), [three[0], three[2]], whole)
    assert np.array_equal(played, without)


def test_a_reply_that_is_cut_short_ends_softly() -> None:
    join = SeamlessJoin(RATE, CLAUSE_MS, SENTENCE_MS)
    returned = join.push(np.concatenate((quiet(0.04), tone(0.3))))
    audio = np.concatenate((returned, join.flush()))
    assert abs(audio[-1]) < 0.01
    assert np.abs(np.diff(audio)).max() <= np.abs(np.diff(tone(0.3))).max() + 1e-3


def test_after_flush_a_new_reply_begins() -> None:
    join = SeamlessJoin(RATE, CLAUSE_MS, SENTENCE_MS)
    first = joined(join, two_clauses(ends_sentence=True), whole)
    assert np.array_equal(joined(join, two_clauses(ends_sentence=True), whole), first)


def test_sound_that_begins_or_ends_at_once_does_not_click() -> None:
    loud = np.full(RATE // 5, 0.5, np.float32)
    audio = joined(SeamlessJoin(RATE, CLAUSE_MS, SENTENCE_MS), [(loud, False), (loud, True)], whole)
    steps = np.abs(np.diff(np.concatenate(([0.0], audio, [0.0]))))
    assert steps.max() < 0.02


@dataclass
class Spoken:
    """A reply spoken by the real voice: each clause as it was generated, and all of them joined."""

    rate: int
    raw: list[Samples]
    joined: Samples
    seams: list[int]
    """First sample of each clause but the first, in `joined`."""


@pytest.fixture(scope="module")
def spoken(voice: Piper) -> Spoken:
    join = SeamlessJoin(voice.sample_rate, CLAUSE_MS, SENTENCE_MS)
    raw: list[Samples] = []
    played: list[Samples] = []
    seams = []
    for text, ends_sentence in REPLY:
        pieces: list[Samples] = []
        voice.synthesize(text, emit=pieces.append, stop=NeverStop())
        seams.append(sum(map(len, played)))
        played += [join.push(samples) for samples in pieces]
        played.append(join.end_clause(ends_sentence=ends_sentence))
        raw.append(np.concatenate(pieces))
    played.append(join.flush())
    return Spoken(voice.sample_rate, raw, np.concatenate(played), seams[1:])


def test_no_speech_of_the_voice_is_cut_off(spoken: Spoken) -> None:
    """What goes is 40 dB below the speech; most of that is the fade of an "s" that Piper begins at full strength."""
    made = sum(float(np.square(samples, dtype=np.float64).sum()) for samples in spoken.raw)
    assert float(np.square(spoken.joined, dtype=np.float64).sum()) / made > 1 - 1e-4


def test_no_step_in_the_stream_is_larger_than_those_in_the_speech(spoken: Spoken) -> None:
    largest = max(float(np.abs(np.diff(samples)).max()) for samples in spoken.raw)
    assert np.abs(np.diff(spoken.joined)).max() <= largest


def test_no_step_around_a_pause_is_larger_than_is_usual_in_the_speech(spoken: Spoken) -> None:
    steps = np.abs(np.diff(np.concatenate(([0.0], spoken.joined, [0.0]))))
    usual = np.quantile(np.concatenate([np.abs(np.diff(samples)) for samples in spoken.raw]), 0.995)
    loud = np.flatnonzero(np.abs(spoken.joined) > 0.003)
    longest = np.argsort(np.diff(loud))[-len(spoken.seams) :]
    edges = [0, len(spoken.joined), *loud[longest], *loud[longest + 1]]
    reach = spoken.rate // 200
    assert max(float(steps[max(0, edge - reach) : edge + reach].max()) for edge in edges) < usual


def test_the_pauses_of_the_voice_are_the_configured_ones(spoken: Spoken) -> None:
    loudest = max(float(np.abs(samples).max()) for samples in spoken.raw)
    loud = np.flatnonzero(np.abs(spoken.joined) > 0.003 * loudest)
    gaps = np.diff(loud) / spoken.rate * 1000
    for seam, (_, ends_sentence) in zip(spoken.seams, REPLY, strict=False):
        wanted = SENTENCE_MS if ends_sentence else CLAUSE_MS
        near = [gap for at, gap in zip(loud, gaps, strict=False) if abs(at - seam) < spoken.rate * 0.11]
        assert max(near) == pytest.approx(wanted, abs=20)  # the weak sounds of a quieter clause count as silence here


def test_the_voice_begins_without_delay(spoken: Spoken) -> None:
    assert np.abs(spoken.joined[: spoken.rate // 50]).max() > 0.003
