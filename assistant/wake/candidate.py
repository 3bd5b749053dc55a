"""Having a second look taken at a candidate for a wake word, away from the event loop."""

from assistant import blocking
from assistant.wake.base import Candidate, Detection


async def settled(found: Detection | Candidate | None) -> Detection | None:
    """Return the wake word that `found` is or turns out to be. Raises `AssistantError` (`wake.failed`)."""
    if not isinstance(found, Candidate):
        return found
    return await blocking.call(lambda stop: found.look(), name="second look")
