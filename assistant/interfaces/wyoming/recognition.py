"""Speech to text for one client."""

from contextlib import aclosing

import anyio
from wyoming.asr import Transcript, TranscriptChunk, TranscriptStart, TranscriptStop

from assistant.audio.pcm import Samples
from assistant.dialogue.listening.dictation import Dictated
from assistant.errors import single_error
from assistant.flow import Flow
from assistant.interfaces.base import Host
from assistant.interfaces.wyoming.hearing import Hearing
from assistant.interfaces.wyoming.wire import Send


async def recognise(host: Host, language: str | None, arriving: Flow[Samples], send: Send) -> None:
    """Send what is said in the sound that arrives, while it comes and as a whole.

    A recording is recognised to its end. Of what a microphone hears, one request is: the transcript is sent as soon as
    the speaker has finished, or nobody has spoken for a while, and what arrives after that is left out. Raises
    `AssistantError` (`asr.failed`).
    """
    words: Flow[str] = Flow()  # some a second, until the audio ends
    found = Dictated("", "", 0.0)

    async def listen() -> None:
        nonlocal found
        try:
            found = await Hearing(host, language, arriving, words.put).run()
        finally:
            words.end()

    await send(TranscriptStart(language=language).event())
    try:
        with single_error():
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(listen)
                sent = await _send_growth(words, send)
    finally:
        arriving.end()
    if found.text.startswith(sent) and len(found.text) > len(sent):
        await send(TranscriptChunk(found.text[len(sent) :]).event())
    await send(Transcript(text=found.text, language=found.language or language).event())
    await send(TranscriptStop().event())


async def _send_growth(stable: Flow[str], send: Send) -> str:
    """Send what is added to the stable words; all that was sent."""
    sent = ""
    async with aclosing(stable.items()) as growing:
        async for words in growing:
            if words.startswith(sent) and len(words) > len(sent):
                await send(TranscriptChunk(words[len(sent) :]).event())
                sent = words
    return sent
