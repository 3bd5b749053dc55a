"""A loudspeaker for rooms without sound: it is never played on."""

from assistant.audio.base import Playback
from assistant.errors import AssistantError, Code


class Nowhere:
    """An `AudioSink` that refuses."""

    name = ""
    volume = 1.0

    def play(self, rate: int, *, cut_in: bool = False) -> Playback:
        """Raises `AssistantError` (`room.silent`)."""
        raise AssistantError(Code.ROOM_SILENT, "there is no loudspeaker in this room")
