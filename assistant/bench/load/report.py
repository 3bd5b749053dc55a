"""What the load suite reports."""

import msgspec

from assistant.bench.speed.report import Ratio
from assistant.bench.spread import Spread


class LoadCondition(msgspec.Struct, frozen=True, kw_only=True):
    """The same questions, asked while a number of clients is connected."""

    clients: int
    status_ms: Spread
    """Round trip of a `status` call as its client sees it, while a question was asked and answered."""
    calls: int
    voice_to_voice_ms: Spread
    late_blocks: int
    errors: int


class LoadReport(msgspec.Struct, frozen=True, kw_only=True):
    """What `assistant bench load --json` prints."""

    quiet: LoadCondition
    loaded: LoadCondition
    ratio: Ratio | None
    """Voice-to-voice with the clients over that without them."""
    events_dropped: int
    machine: dict[str, str | int | float]
    models: dict[str, str]
    devices: dict[str, str]
