"""Endpointing: whether the assistant commits in a pause, and how soon after the end of a sentence."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.bench.clips import REQUESTS
from assistant.bench.conversation import pauses
from assistant.bench.conversation.trial import ConversationTrial, LoadedClip
from assistant.bench.speed.timing_sink import TimingSink
from assistant.config.schema import Config
from assistant.engines.engines import Engines
from assistant.errors import AssistantError, Code
from assistant.rooms import recorded_question


@dataclass(frozen=True)
class _Question:
    clip: str
    variant: str
    samples: Samples
    end_s: float | None
    pause: Literal["pause", "long_pause"] | None
    """The kind of pause inside, as recorded or stretched."""
    is_complete: bool
    """Whether this is a complete sentence with a reliable end of speech, as recorded."""


async def endpointing_trials(
    engines: Engines, config: Config, clips: Sequence[LoadedClip], progress: Callable[[str], None]
) -> list[ConversationTrial]:
    """Ask every clip that has a pause or is a complete sentence, with the real engines and in real time."""
    trials: list[ConversationTrial] = []
    questions = list(_questions(clips))
    for number, question in enumerate(questions, 1):
        progress(f"endpointing: {number} of {len(questions)}, {question.clip} {question.variant}")
        trials += await _ask(engines, config, question)
    return trials


async def _ask(engines: Engines, config: Config, question: _Question) -> list[ConversationTrial]:
    try:
        answer = await recorded_question.ask(
            engines,
            config,
            question.samples,
            emit=lambda event: None,
            true_speech_end_s=question.end_s,
            sink=TimingSink(),
        )
    except AssistantError as error:
        if error.code is not Code.AUDIO_NO_SPEECH:
            raise
        return []
    commit = (*answer.premature, answer.turn)[0].marks_ms.commit
    waited = commit is not None and commit >= 0
    trial = partial(ConversationTrial, clip=question.clip, variant=question.variant, passed=waited)
    trials: list[ConversationTrial] = []
    if question.pause is not None:
        trials.append(trial(measure=question.pause, ms=commit))
    if question.is_complete:
        trials.append(trial(measure="endpoint", ms=commit if waited else None))
    return trials


def _questions(clips: Sequence[LoadedClip]) -> Iterator[_Question]:
    for loaded in clips:
        clip = loaded.clip
        is_complete = clip.kind in REQUESTS and (clip.end_confidence != "low" or clip.speech_end_s is None)
        has_pause = pauses.has_pause(clip)
        lengths = pauses.lengths(clip) if has_pause else [0.0]
        for length in lengths if is_complete or has_pause else ():
            samples = pauses.stretched(clip, loaded.samples, length)
            stretched_by_s = (len(samples) - len(loaded.samples)) / LISTENING_RATE
            yield _Question(
                clip=clip.name,
                variant=f"pause of {length:.2f} s" if length else "",
                samples=samples,
                end_s=None if clip.speech_end_s is None else clip.speech_end_s + stretched_by_s,
                pause=("long_pause" if stretched_by_s else "pause") if has_pause else None,
                is_complete=is_complete and not stretched_by_s,
            )
