"""What a daemon imports only once it is needed, imported before it is ready.

A process that has used up its file descriptors cannot import anything, and finding a module on a slow disk may take
longer than somebody who has just spoken would wait.
"""

from pathlib import Path

from assistant.answers.skills.every import SKILLS
from assistant.answers.skills.responder import warm
from assistant.audio.pcm import LISTENING_RATE
from assistant.audio.resample import Resampler
from assistant.config.schema import Config
from assistant.wake.microwakeword import packaged_words
from assistant.wake.second_look import SecondLook


def import_ahead(config: Config) -> None:
    """Import what requests to a daemon with `config` may need later, and read what the skills need in the language of
    the voice. Takes a second, most of it for their sentences."""
    "localhost".encode("idna")  # what looking up the name of another machine imports
    Resampler(LISTENING_RATE, LISTENING_RATE)
    if "skills" in config.answers.order:
        warm(SKILLS, Path(config.tts.voice).name.partition("_")[0])
    if config.wyoming.listen or config.wyoming.satellites:
        from assistant.interfaces.wyoming import discovery

        packaged_words()
        SecondLook()  # with its weights
        if discovery.is_announced(config.wyoming):
            discovery.import_library()
