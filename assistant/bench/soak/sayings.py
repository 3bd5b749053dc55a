"""What a household says to an assistant: recordings, cut to what is said in them and as loud as a near talker."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.audio.decode import read_audio
from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.bench.clips import Clip, is_english_request
from assistant.bench.conversation.pauses import has_pause
from assistant.bench.conversation.room import speaking
from assistant.bench.conversation.talk import USER_DB
from assistant.bench.conversation.wake import word_of
from assistant.errors import AssistantError, Code
from assistant.language.remarks import Remark, remark

LONGEST_S = 30.0

MARGIN_S = 0.1
"""What is left around the speech of a recording."""

NOISE_S = 4.0
NOISE_DB = USER_DB - 10.0
"""How long and how loud a noise is."""


@dataclass(frozen=True)
class Saying:
    """A recording to be played in the room."""

    name: str
    samples: Samples


@dataclass(frozen=True)
class Sayings:
    """Everything that can be said."""

    wakes: list[Saying]
    questions: list[Saying]
    stops: list[Saying]
    noises: list[Saying]


def gather(clips: Sequence[Clip], words: Sequence[str]) -> Sayings:
    """Sort `clips`: recordings of one of the wake `words` alone, whole English requests, "stop", and noises.

    Raises `AssistantError` (`audio.unreadable`) without a wake word or a question.
    """
    requests = [clip for clip in clips if is_english_request(clip) and not clip.wake_word and not has_pause(clip)]
    sayings = Sayings(
        wakes=[said for clip in clips if clip.kind == "wakeword" and word_of(clip) in words for said in _each(clip)],
        questions=[_saying(clip) for clip in requests if _meaning(clip) is Remark.WORDS],
        stops=[_saying(clip) for clip in requests if _meaning(clip) is Remark.STOP],
        noises=[_noise(clip) for clip in clips if clip.kind == "noise"],
    )
    for what, found in ((f"the wake words {', '.join(words)}", sayings.wakes), ("questions", sayings.questions)):
        if not found:
            raise AssistantError(Code.AUDIO_UNREADABLE, f"no recordings of {what}; name some with --clips")
    return sayings


def _each(clip: Clip) -> Iterator[Saying]:
    """The wake word, or both where it is said twice with a pause between that is longer than the rest."""
    start, end = _bounds(clip)
    middle = (start + end) / 2
    if (clip.max_inner_pause_s or 0.0) < (end - start) / 2:
        yield _cut(clip, start, end)
    else:
        yield _cut(clip, start, middle - (clip.max_inner_pause_s or 0.0) / 2)
        yield _cut(clip, middle + (clip.max_inner_pause_s or 0.0) / 2, end)


def _saying(clip: Clip) -> Saying:
    return _cut(clip, *_bounds(clip))


def _noise(clip: Clip) -> Saying:
    samples = read_audio(clip.path, max_s=LONGEST_S)[: round(NOISE_S * LISTENING_RATE)]
    return Saying(clip.name, speaking(samples, NOISE_DB))


def _cut(clip: Clip, start_s: float, end_s: float) -> Saying:
    first = max(0, round((start_s - MARGIN_S) * LISTENING_RATE))
    samples = read_audio(clip.path, max_s=LONGEST_S)[first : round((end_s + MARGIN_S) * LISTENING_RATE)]
    return Saying(clip.name, speaking(samples, USER_DB))


def _bounds(clip: Clip) -> tuple[float, float]:
    """Where speech begins and ends; without a record, the whole."""
    samples_s = len(read_audio(clip.path, max_s=LONGEST_S)) / LISTENING_RATE
    start, end = clip.speech_start_s, clip.speech_end_s
    return (0.0 if start is None else start, samples_s if end is None else end)


def _meaning(clip: Clip) -> Remark:
    return remark(clip.transcript or "", clip.language or "en")
