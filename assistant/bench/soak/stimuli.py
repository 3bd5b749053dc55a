"""What the user says in a soak: recordings, trimmed to their speech and scaled to a near talker's level."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.audio.decode import read_audio
from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.bench.clips import Clip, is_english_request
from assistant.bench.conversation.pauses import has_pause
from assistant.bench.conversation.simulated_room import USER_DB, at_speech_level
from assistant.bench.conversation.wake import word_of
from assistant.errors import AssistantError, Code
from assistant.language.remarks import Remark, remark

MAX_RECORDING_S = 30.0

MARGIN_S = 0.1
"""Audio kept before and after the speech of a recording."""

NOISE_S = 4.0
NOISE_DB = USER_DB - 10.0
"""Length and level of a noise."""


@dataclass(frozen=True)
class Stimulus:
    """A recording to play in the room."""

    name: str
    samples: Samples


@dataclass(frozen=True)
class Stimuli:
    """All recordings of a soak, by what they are for."""

    wakes: list[Stimulus]
    questions: list[Stimulus]
    stops: list[Stimulus]
    noises: list[Stimulus]


def select_stimuli(clips: Sequence[Clip], words: Sequence[str]) -> Stimuli:
    """Sort `clips` into recordings of a wake word of `words` alone, complete English requests, "stop", and noises.

    Raises `AssistantError` (`audio.unreadable`) when there is no wake word or no question.
    """
    requests = [clip for clip in clips if is_english_request(clip) and not clip.wake_word and not has_pause(clip)]
    stimuli = Stimuli(
        wakes=[
            wake for clip in clips if clip.kind == "wakeword" and word_of(clip) in words for wake in _wake_words(clip)
        ],
        questions=[_utterance(clip) for clip in requests if _meaning(clip) is Remark.WORDS],
        stops=[_utterance(clip) for clip in requests if _meaning(clip) is Remark.STOP],
        noises=[_noise(clip) for clip in clips if clip.kind == "noise"],
    )
    for kind, found in ((f"the wake words {', '.join(words)}", stimuli.wakes), ("questions", stimuli.questions)):
        if not found:
            raise AssistantError(Code.AUDIO_UNREADABLE, f"no recordings of {kind}; name some with --clips")
    return stimuli


def _wake_words(clip: Clip) -> Iterator[Stimulus]:
    """Yield the wake word, or each of two where the pause between them is longer than the words."""
    start, end = _bounds(clip)
    middle = (start + end) / 2
    if (clip.max_inner_pause_s or 0.0) < (end - start) / 2:
        yield _cut(clip, start, end)
    else:
        yield _cut(clip, start, middle - (clip.max_inner_pause_s or 0.0) / 2)
        yield _cut(clip, middle + (clip.max_inner_pause_s or 0.0) / 2, end)


def _utterance(clip: Clip) -> Stimulus:
    return _cut(clip, *_bounds(clip))


def _noise(clip: Clip) -> Stimulus:
    samples = read_audio(clip.path, max_s=MAX_RECORDING_S)[: round(NOISE_S * LISTENING_RATE)]
    return Stimulus(clip.name, at_speech_level(samples, NOISE_DB))


def _cut(clip: Clip, start_s: float, end_s: float) -> Stimulus:
    first = max(0, round((start_s - MARGIN_S) * LISTENING_RATE))
    samples = read_audio(clip.path, max_s=MAX_RECORDING_S)[first : round((end_s + MARGIN_S) * LISTENING_RATE)]
    return Stimulus(clip.name, at_speech_level(samples, USER_DB))


def _bounds(clip: Clip) -> tuple[float, float]:
    """Return where speech begins and ends, in seconds; the whole recording if it has no record."""
    samples_s = len(read_audio(clip.path, max_s=MAX_RECORDING_S)) / LISTENING_RATE
    start, end = clip.speech_start_s, clip.speech_end_s
    return (0.0 if start is None else start, samples_s if end is None else end)


def _meaning(clip: Clip) -> Remark:
    return remark(clip.transcript or "", clip.language or "en")
