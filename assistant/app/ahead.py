"""What a daemon imports only once it is needed, imported before it is ready.

A process that has used up its file descriptors cannot import anything, and finding a module on a slow disk may take
longer than somebody who has just spoken would wait.
"""

from assistant.audio.pcm import LISTENING_RATE
from assistant.audio.resample import Resampler
from assistant.config.schema import Config
from assistant.wake.microwakeword import packaged_words
from assistant.wake.second_look import SecondLook


def import_ahead(config: Config) -> None:
    """Import what requests to a daemon with `config` may need later. Takes some hundredths of a second."""
    "localhost".encode("idna")  # what looking up the name of another machine imports
    Resampler(LISTENING_RATE, LISTENING_RATE)
    if config.wyoming.listen or config.wyoming.satellites:
        from assistant.interfaces.wyoming import discovery

        packaged_words()
        SecondLook()  # with its weights
        if discovery.is_announced(config.wyoming):
            discovery.import_library()
