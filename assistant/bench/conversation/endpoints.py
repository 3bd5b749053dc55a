"""When the assistant decides that the user has finished: in a pause, which is too soon, or after the last word."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.bench.clips import REQUESTS
from assistant.bench.conversation import pauses
from assistant.bench.conversation.trial import Recorded, Trial
from assistant.bench.speed.sink import Stopwatch
from assistant.config.schema import Config
from assistant.engines.engines import Engines
from assistant.errors import AssistantError, Code
from assistant.rooms import recorded


@dataclass(frozen=True)
class _Utterance:
    clip: str
    variant: str
    samples: Samples
    end_s: float | None
    pause: Literal["pause", "long_pause"] | None
    """Whether it has one inside, as recorded or made longer."""
    is_whole: bool
    """A whole sentence whose end is known well."""


async def measure(
    engines: Engines, config: Config, recordings: Sequence[Recorded], done: Callable[[str], None]
) -> list[Trial]:
    """Ask everything that has a pause, or is a whole sentence, with the real engines and in real time."""
    trials: list[Trial] = []
    utterances = list(_utterances(recordings))
    for number, utterance in enumerate(utterances, 1):
        done(f"ends of speech: {number} of {len(utterances)}, {utterance.clip} {utterance.variant}")
        trials += await _ask(engines, config, utterance)
    return trials


async def _ask(engines: Engines, config: Config, said: _Utterance) -> list[Trial]:
    try:
        answer = await recorded.ask(
            engines,
            config,
            said.samples,
            emit=lambda event: None,
            true_speech_end_s=said.end_s,
            sink=Stopwatch(),
        )
    except AssistantError as error:
        if error.code is not Code.AUDIO_NO_SPEECH:
            raise
        return []
    commit = (*answer.premature, answer.turn)[0].marks_ms.commit
    trials: list[Trial] = []
    if said.pause is not None:
        waited = commit is not None and commit >= 0
        trials.append(Trial(measure=said.pause, clip=said.clip, variant=said.variant, passed=waited, ms=commit))
    if said.is_whole:
        passed = commit is not None and commit >= 0
        trials.append(
            Trial(
                measure="endpoint", clip=said.clip, variant=said.variant, passed=passed, ms=commit if passed else None
            )
        )
    return trials


def _utterances(recordings: Sequence[Recorded]) -> Iterator[_Utterance]:
    for each in recordings:
        clip = each.clip
        is_whole = clip.kind in REQUESTS and (clip.end_confidence != "low" or clip.speech_end_s is None)
        inside = pauses.has_pause(clip)
        lengths = pauses.lengths(clip) if inside else [0.0]
        for length in lengths if is_whole or inside else ():
            samples = pauses.stretched(clip, each.samples, length)
            longer_s = (len(samples) - len(each.samples)) / LISTENING_RATE
            yield _Utterance(
                clip=clip.name,
                variant=f"pause of {length:.2f} s" if length else "",
                samples=samples,
                end_s=None if clip.speech_end_s is None else clip.speech_end_s + longer_s,
                pause=("long_pause" if longer_s else "pause") if inside else None,
                is_whole=is_whole and not longer_s,
            )
