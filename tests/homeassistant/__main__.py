"""How soon words come through Home Assistant: `sudo .venv/bin/python -m tests.homeassistant`.

Prints for each English request of tests/speech the milliseconds from the true end of speech to its words. To compare:
the later of `commit` and `transcript` that `assistant bench speed --json` prints for the rooms of the assistant itself.
"""

import statistics
import tempfile
from pathlib import Path

import anyio

from assistant.bench.clips import is_english_request, read_clips
from tests.homeassistant import image, network
from tests.homeassistant.daemon import PORT, serving
from tests.homeassistant.home import RATE, connected, pcm, running

SPEECH = Path(__file__).parents[1] / "speech"


async def measure(token: str) -> None:
    """Speak each request, and print when its words came."""
    found: list[float] = []
    async with connected(token) as home:
        await home.add_wyoming("127.0.0.1", PORT)
        pipeline = await home.add_pipeline()
        for clip in filter(is_english_request, read_clips([SPEECH])):
            if clip.speech_end_s is None:
                continue
            spoken = pcm(clip.path)
            heard = await home.say(pipeline, spoken, until_stage="stt")
            if not heard.error:
                found.append(1000 * (heard.words_s + len(spoken) / 2 / RATE - clip.speech_end_s))
                print(f"{found[-1]:6.0f} ms  {clip.name}: {heard.words}")
    print(f"median {statistics.median(found):.0f} ms of {len(found)}")


if __name__ == "__main__":
    image.make()
    with network.of_its_own(), tempfile.TemporaryDirectory() as folder, serving(Path(folder)), running() as token:
        anyio.run(measure, token)
