"""What the benchmark of turn taking tries, one thing at a time."""

from dataclasses import dataclass
from typing import Literal

import msgspec

from assistant.audio.pcm import Samples
from assistant.bench.clips import Clip


@dataclass(frozen=True)
class Recorded:
    """A clip and its samples at `LISTENING_RATE`."""

    clip: Clip
    samples: Samples


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was tried."""

    measure: Literal["wake", "pause", "long_pause", "endpoint", "barge_in", "backchannel"]
    clip: str
    variant: str
    passed: bool
    ms: float | None = None
    """wake: from the end of the word to the event. endpoint: from the end of speech to the commit. barge_in: from the
    onset of the user's speech to silence. None where that is not known, or did not happen."""
