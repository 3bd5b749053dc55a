"""Programs that use the sound devices, to be run as processes of their own: PortAudio looks for devices only once.

python -m tests.audio.in_room hear SECONDS OUT.npz
python -m tests.audio.in_room mute SECONDS
python -m tests.audio.in_room say CLIP.wav
python -m tests.audio.in_room interrupt CLIP.wav AFTER_SECONDS
python -m tests.audio.in_room turn_down CLIP.wav AFTER_SECONDS VOLUME
python -m tests.audio.in_room cancel CLIP.wav OUT.npz
"""

import json
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path

import anyio
import numpy as np

from assistant.audio.decode import read_audio
from assistant.audio.devices.loudspeaker import Loudspeaker
from assistant.audio.devices.microphone import Microphone
from assistant.audio.echo.canceller import EchoCanceller
from assistant.audio.echo.source import EchoCancelledSource
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


async def mute(seconds: str) -> None:
    """Switch the microphone off for a while; print the blocks before, meanwhile and afterwards, and how many listen."""
    blocks, began = [0], anyio.Event()

    async def hear() -> None:
        async with aclosing(microphone.blocks()) as heard:
            async for _ in heard:
                blocks[-1] += 1
                began.set()

    def listeners() -> int:
        found = subprocess.run(["pactl", "list", "short", "source-outputs"], capture_output=True, check=True)
        return len(found.stdout.splitlines())

    with Microphone("default") as microphone:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(hear)
            await began.wait()
            there_are = [listeners()]
            for change in (microphone.mute, microphone.unmute):
                change()
                blocks.append(0)
                await anyio.sleep(float(seconds))
                there_are.append(listeners())
            tasks.cancel_scope.cancel()
    print(json.dumps({"blocks": blocks, "listeners": there_are}))


async def say(clip: str) -> None:
    """Play a clip to its end, in two pieces."""
    samples = read_audio(Path(clip), max_s=60)
    with Loudspeaker("default") as loudspeaker:
        playback = loudspeaker.play(LISTENING_RATE)
        await playback.write(samples[:5000])
        await playback.write(samples[5000:])
        await playback.drain()
        print(json.dumps({"played": playback.played, "underruns": loudspeaker.underruns}))


async def interrupt(clip: str, after_s: str) -> None:
    """Play a clip, and stop after a while."""
    with Loudspeaker("default") as loudspeaker:
        playback = loudspeaker.play(LISTENING_RATE)
        await playback.write(read_audio(Path(clip), max_s=60))
        await anyio.sleep(float(after_s))
        played = playback.played
        playback.stop()
        await playback.drain()
        print(json.dumps({"at_stop": played, "played": playback.played, "underruns": loudspeaker.underruns}))


async def turn_down(clip: str, after_s: str, volume: str) -> None:
    """Play a clip to its end, and change the volume after a while."""
    with Loudspeaker("default") as loudspeaker:
        playback = loudspeaker.play(LISTENING_RATE)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(playback.write, read_audio(Path(clip), max_s=60))
            await anyio.sleep(float(after_s))
            loudspeaker.volume = float(volume)
            await playback.drain()
        print(json.dumps({"played": playback.played, "volume": loudspeaker.volume}))


class RecordingMicrophone(Microphone):
    """Records its blocks."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.recorded: list[AudioBlock] = []

    async def blocks(self) -> AsyncGenerator[AudioBlock, None]:
        async with aclosing(super().blocks()) as blocks:
            async for block in blocks:
                self.recorded.append(block)
                yield block


async def cancel(clip: str, path: str) -> None:
    """Play a clip, hear the room meanwhile without it, and keep both."""
    samples = read_audio(Path(clip), max_s=60)
    heard: list[AudioBlock] = []
    with RecordingMicrophone("default") as microphone, Loudspeaker("default") as loudspeaker:
        source = EchoCancelledSource(microphone, loudspeaker.reference(), EchoCanceller())
        async with anyio.create_task_group() as tasks, aclosing(source.blocks()) as blocks:
            tasks.start_soon(loudspeaker.play(LISTENING_RATE).write, samples)
            async for block in blocks:
                heard.append(block)
                if block.end >= len(samples):
                    break
        np.savez(
            path,
            near=np.concatenate([block.samples for block in microphone.recorded]),
            cleaned=np.concatenate([block.samples for block in heard]),
            far=np.concatenate([block.far for block in heard if block.far is not None]),
            echo_free=source.echo_free,
        )


def main() -> None:
    command, *arguments = sys.argv[1:]
    programs: dict[str, Callable[..., Awaitable[None]]] = {
        "hear": hear,
        "mute": mute,
        "say": say,
        "interrupt": interrupt,
        "turn_down": turn_down,
        "cancel": cancel,
    }
    try:
        anyio.run(programs[command], *arguments)
    except AssistantError as error:
        sys.exit(f"error: {error.code}: {error.message}")


if __name__ == "__main__":
    main()
