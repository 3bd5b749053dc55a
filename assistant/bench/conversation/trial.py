"""A trial: one stimulus in one condition, and whether the assistant reacted as it should."""

from dataclasses import dataclass
from typing import Literal

import msgspec

from assistant.audio.pcm import Samples
from assistant.bench.clips import Clip


@dataclass(frozen=True)
class LoadedClip:
    """A clip and its samples, at `LISTENING_RATE`."""

    clip: Clip
    samples: Samples


class ConversationTrial(msgspec.Struct, frozen=True, kw_only=True):
    """One clip in one condition."""

    measure: Literal["wake", "near_miss", "pause", "long_pause", "endpoint", "barge_in", "backchannel"]
    clip: str
    variant: str
    """The condition: distance, noise, echo level or length of the pause; empty for the clip as recorded."""
    passed: bool
    ms: float | None = None
    """Latency. wake: from the end of the word to the event. pause, long_pause, endpoint: from the end of speech to the
    commit. barge_in: from the onset of the user's speech to silence. None if unknown, or if it did not happen."""
