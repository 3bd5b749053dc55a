"""A Home Assistant that runs, and what a person, a satellite or an app asks of it."""

import subprocess
import tempfile
import time
import wave
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import anyio

from tests.homeassistant import config, image

URL = f"http://127.0.0.1:{config.PORT}"

PATIENCE_S = 120.0
"""More than a start takes, also beside something else."""

RATE = 16_000

_RUN = """
mount -t tmpfs -o size=256M home "$1"
mkdir "$1/changes" "$1/work" "$1/root"
mount -t overlay -o lowerdir="$2",upperdir="$1/changes",workdir="$1/work" home "$1/root"
mount --bind /dev "$1/root/dev"
mount -t proc proc "$1/root/proc"
cp -a "$3/." "$1/root/srv/config"
exec chroot "$1/root" /usr/bin/env -i PATH=/srv/ha/bin:/usr/bin HOME=/root LANG=C.UTF-8 hass -c /srv/config --skip-pip
"""

_SUPERVISED = ["unshare", "--mount", "--propagation=private", "--pid", "--mount-proc", "--fork", "--kill-child"]


@contextmanager
def running() -> Iterator[str]:
    """Home Assistant, as long as the context lasts: the access token of its owner.

    Raises `RuntimeError` with its log when it does not come up.
    """
    with (
        tempfile.TemporaryDirectory() as home,
        tempfile.TemporaryDirectory() as settings,
        tempfile.TemporaryFile() as log,
    ):
        token = config.write(Path(settings), image.FFMPEG)
        supervisor = subprocess.Popen(
            [*("setpriv", "--pdeathsig=KILL", *_SUPERVISED, "sh", "-euc", _RUN, "sh"), home, image.make(), settings],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            anyio.run(_until_running, token, supervisor)
            yield token
        except TimeoutError as error:
            log.seek(0)
            raise RuntimeError(f"{error}; its log:\n{log.read().decode(errors='replace')}") from error
        finally:
            supervisor.kill()
            supervisor.wait()


async def _until_running(token: str, supervisor: subprocess.Popen[bytes]) -> None:
    """Wait for its integrations: HTTP answers before they are there."""
    end = time.monotonic() + PATIENCE_S
    async with aiohttp.ClientSession() as session:
        home = Home(session, token)
        while time.monotonic() < end and supervisor.poll() is None:
            try:
                if (await home.get("/api/config"))["state"] == "RUNNING":
                    return
            except (aiohttp.ClientError, KeyError, ValueError):
                pass
            await anyio.sleep(0.1)
    raise TimeoutError("Home Assistant does not come up")


@dataclass
class Heard:
    """What came of a run of the voice pipeline."""

    events: list[dict[str, Any]] = field(default_factory=list)
    words_s: float = 0.0
    """Seconds from the end of what was said to its words, or to the error in their place."""

    @property
    def words(self) -> str:
        return str(self._data("stt-end")["stt_output"]["text"])

    @property
    def error(self) -> str:
        """Its code; empty without one."""
        return str(next((event["data"]["code"] for event in self.events if event["type"] == "error"), ""))

    @property
    def reply(self) -> str:
        return str(self._data("intent-end")["intent_output"]["response"]["speech"]["plain"]["speech"])

    @property
    def sound(self) -> str:
        """Where the reply can be fetched."""
        return str(self._data("tts-end")["tts_output"]["url"])

    def _data(self, kind: str) -> dict[str, Any]:
        found = next((event["data"] for event in self.events if event["type"] == kind), None)
        assert found is not None, f"no {kind} in {self.events}"
        return dict(found)


class Home:
    """A client of the Home Assistant at `URL`."""

    def __init__(self, session: aiohttp.ClientSession, token: str) -> None:
        self._session = session
        self._headers = {"Authorization": f"Bearer {token}"}
        self._token = token
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._number = 0

    async def get(self, path: str) -> Any:
        async with self._session.get(URL + path, headers=self._headers) as answer:
            return await answer.json()

    async def fetch(self, path: str, *, at_most: int | None = None) -> bytes:
        """A sound; hang up after about `at_most` bytes. Raises `aiohttp.ClientError` when there is none."""
        found = bytearray()
        async with self._session.get(URL + path, headers=self._headers) as answer:
            answer.raise_for_status()
            async for piece in answer.content.iter_any():
                found += piece
                if at_most is not None and len(found) > at_most:
                    break
        return bytes(found)

    async def post(self, path: str, body: Any) -> Any:
        """Send JSON. Raises `aiohttp.ClientError` for what is refused."""
        async with self._session.post(URL + path, json=body, headers=self._headers) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def recognise(self, sound: bytes) -> str:
        """What the WAV file `sound` (16 kHz) says, by our recognition."""
        form = "format=wav; codec=pcm; sample_rate=16000; bit_rate=16; channel=1; language=en"
        headers = {**self._headers, "X-Speech-Content": form}
        async with self._session.post(f"{URL}/api/stt/stt.assistant", data=sound, headers=headers) as answer:
            return str((await answer.json())["text"])

    async def synthesise(self, text: str, *, at_most: int | None = None) -> bytes:
        """`text` in our voice, as the WAV file that a satellite asks for. `at_most` as `fetch`."""
        form = {"preferred_format": "wav", "preferred_sample_rate": RATE}
        form |= {"preferred_sample_channels": 1, "preferred_sample_bytes": 2}
        wanted = {"engine_id": "tts.assistant", "language": "en", "message": text, "options": form}
        return await self.fetch((await self.post("/api/tts_get_url", wanted))["path"], at_most=at_most)

    async def ask_agent(self, text: str, **more: str) -> dict[str, Any]:
        """What our conversation agent answers."""
        body = {"text": text, "language": "en", "agent_id": "conversation.assistant", **more}
        answer: dict[str, Any] = (await self.post("/api/conversation/process", body))["response"]
        return answer

    async def state(self, entity: str) -> str:
        return str((await self.get(f"/api/states/{entity}"))["state"])

    async def turn_off(self, entity: str) -> None:
        await self.post("/api/services/light/turn_off", {"entity_id": entity})

    async def add_wyoming(self, host: str, port: int) -> str:
        """Add a Wyoming service, as by the page of integrations; the identifier of its entry."""
        flow = await self.post("/api/config/config_entries/flow", {"handler": "wyoming"})
        done = await self.post(f"/api/config/config_entries/flow/{flow['flow_id']}", {"host": host, "port": port})
        assert done["type"] == "create_entry", done
        return str(done["result"]["entry_id"])

    async def add_pipeline(self) -> str:
        """A voice assistant that hears and speaks with us, while Home Assistant itself understands; its identifier."""
        made = await self.command(
            "assist_pipeline/pipeline/create",
            name="ours",
            language="en",
            stt_engine="stt.assistant",
            stt_language="en",
            tts_engine="tts.assistant",
            tts_language="en",
            tts_voice=None,
            wake_word_entity=None,
            wake_word_id=None,
            conversation_engine="conversation.home_assistant",
            conversation_language="en",
            prefer_local_intents=False,
        )
        return str(made["id"])

    async def discovered(self, integration: str) -> list[str]:
        """The names of the services of `integration` that it has found and offers to add."""
        flows = await self.command("config_entries/flow/progress")
        return [flow["context"]["title_placeholders"]["name"] for flow in flows if flow["handler"] == integration]

    async def command(self, kind: str, **more: object) -> Any:
        """The result of a command of the WebSocket."""
        number = await self._send(kind, more)
        while (answer := await self._receive())["id"] != number or answer["type"] != "result":
            pass
        assert answer["success"], answer
        return answer["result"]

    async def say(self, pipeline: str, spoken: bytes, *, until_stage: str = "tts") -> Heard:
        """Speak into the pipeline in real time, as a satellite that has heard its wake word, and fall silent."""
        heard = Heard()
        settings = {"start_stage": "stt", "end_stage": until_stage, "pipeline": pipeline, "timeout": 60}
        number = await self._send("assist_pipeline/run", settings | {"input": {"sample_rate": RATE}})
        ended_at = 0.0
        speaking = anyio.CancelScope()
        async with anyio.create_task_group() as tasks:
            while not heard.events or heard.events[-1]["type"] != "run-end":
                got = await self._receive()
                if got["id"] != number or got["type"] != "event":
                    continue
                event = got["event"]
                heard.events.append(event)
                if event["type"] == "run-start":
                    ended_at = anyio.current_time() + len(spoken) / 2 / RATE
                    handler = event["data"]["runner_data"]["stt_binary_handler_id"]
                    tasks.start_soon(self._speak, handler, spoken, speaking)
                elif event["type"] in {"stt-end", "error"}:
                    heard.words_s = anyio.current_time() - ended_at
                    speaking.cancel()
            speaking.cancel()
        return heard

    async def _speak(self, handler: int, spoken: bytes, speaking: anyio.CancelScope) -> None:
        assert self._socket is not None
        began, sent, size = anyio.current_time(), 0, 2048
        with speaking:
            while True:
                await self._socket.send_bytes(bytes([handler]) + spoken[sent : sent + size].ljust(size, b"\0"))
                sent += size
                await anyio.sleep(max(0.0, began + sent / 2 / RATE - anyio.current_time()))

    async def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            await self._socket.close()

    async def _send(self, kind: str, more: dict[str, Any]) -> int:
        if self._socket is None:
            self._socket = await self._session.ws_connect(f"{URL}/api/websocket", max_msg_size=0)
            await self._socket.receive_json()
            await self._socket.send_json({"type": "auth", "access_token": self._token})
            assert (await self._socket.receive_json())["type"] == "auth_ok"
        self._number += 1
        await self._socket.send_json({"id": self._number, "type": kind, **more})
        return self._number

    async def _receive(self) -> dict[str, Any]:
        assert self._socket is not None
        got: dict[str, Any] = await self._socket.receive_json()
        return got


@asynccontextmanager
async def connected(token: str) -> AsyncIterator[Home]:
    """A client, as long as the context lasts."""
    async with aiohttp.ClientSession() as session:
        home = Home(session, token)
        yield home
        await home.close()


def pcm(path: Path) -> bytes:
    """The samples of a recording (16 kHz, mono)."""
    with wave.open(str(path)) as recording:
        assert (recording.getframerate(), recording.getsampwidth(), recording.getnchannels()) == (RATE, 2, 1)
        return bytes(recording.readframes(recording.getnframes()))


def silence(seconds: float) -> bytes:
    """Samples of nothing."""
    return bytes(round(seconds * RATE) * 2)
