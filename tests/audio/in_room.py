"""Programs that use the sound devices, to be run as processes of their own: PortAudio looks for devices only once.

python -m tests.audio.in_room hear SECONDS OUT.npz
python -m tests.audio.in_room say CLIP.wav
python -m tests.audio.in_room interrupt CLIP.wav AFTER_SECONDS
"""

import json
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from pathlib import Path

import anyio
import numpy as np

from assistant.audio.decode import read_audio
from assistant.audio.loudspeaker import Loudspeaker
from assistant.audio.microphone import Microphone
from assistant.audio.pcm import LISTENING_RATE, AudioBlock
from assistant.errors import AssistantError


async def hear(seconds: str, path: str) -> None:
    """Say so when the microphone delivers, then keep what it hears."""
    heard: list[tuple[AudioBlock, float]] = []
    with Microphone("default") as microphone:
        async with aclosing(microphone.blocks()) as blocks:
            async for block in blocks:
                if not heard:
                    print("hearing", flush=True)
                heard.append((block, time.monotonic()))
                if block.end >= float(seconds) * LISTENING_RATE:
                    break
        np.savez(
            path,
            samples=np.concatenate([block.samples for block, _ in heard]),
            start=[block.start for block, _ in heard],
            captured_at=[block.captured_at for block, _ in heard],
            came_at=[came_at for _, came_at in heard],
            dropped=microphone.dropped,
        )


async def say(clip: str) -> None:
    """Play a clip to its end, in two pieces."""
    samples = read_audio(Path(clip), max_s=60)
    with Loudspeaker("default") as loudspeaker:
        playback = loudspeaker.play(LISTENING_RATE)
        await playback.write(samples[:5000])
        await playback.write(samples[5000:])
        await playback.drain()
        print(json.dumps({"played": playback.played, "underflows": loudspeaker.underflows}))


async def interrupt(clip: str, after_s: str) -> None:
    """Play a clip, and stop after a while."""
    with Loudspeaker("default") as loudspeaker:
        playback = loudspeaker.play(LISTENING_RATE)
        await playback.write(read_audio(Path(clip), max_s=60))
        await anyio.sleep(float(after_s))
        played = playback.played
        playback.stop()
        await playback.drain()
        print(json.dumps({"at_stop": played, "played": playback.played, "underflows": loudspeaker.underflows}))


def main() -> None:
    command, *arguments = sys.argv[1:]
    programs: dict[str, Callable[..., Awaitable[None]]] = {"hear": hear, "say": say, "interrupt": interrupt}
    try:
        anyio.run(programs[command], *arguments)
    except AssistantError as error:
        sys.exit(f"error: {error.code}: {error.message}")


if __name__ == "__main__":
    main()
