"""Our Wyoming services, judged by a real Home Assistant."""

import anyio
import pytest

from assistant.bench.clips import Clip
from tests.homeassistant.daemon import Daemon
from tests.homeassistant.home import RATE, Home, pcm, silence

pytestmark = [pytest.mark.machine, pytest.mark.anyio]

LAMP = "light.ceiling_lights"
ROOM = "Living Room"


@pytest.fixture
async def pipeline(home: Home) -> str:
    """A voice assistant that hears and speaks with us; Home Assistant itself understands."""
    areas = {area["name"]: area["area_id"] for area in await home.command("config/area_registry/list")}
    if ROOM not in areas:
        areas[ROOM] = (await home.command("config/area_registry/create", name=ROOM))["area_id"]
        entities = {one["entity_id"]: one for one in await home.command("config/entity_registry/list")}
        device = entities[LAMP]["device_id"]  # the entity has no name of its own
        await home.command("config/device_registry/update", device_id=device, area_id=areas[ROOM])
    return await home.add_pipeline()


async def test_it_finds_recognition_voice_wake_words_and_an_agent(home: Home) -> None:
    ours = {state["entity_id"] for state in await home.get("/api/states")}
    assert {"conversation.assistant", "stt.assistant", "tts.assistant", "wake_word.assistant"} <= ours
    found = await home.command("wake_word/info", entity_id="wake_word.assistant")
    assert [word["phrase"] for word in found["wake_words"]] == ["okay nabu"]


async def test_it_is_found_by_itself(home: Home) -> None:
    """By multicast DNS, at the address that its neighbours reach."""
    with anyio.fail_after(30):
        found: list[str] = []
        while found != ["assistant"]:
            await anyio.sleep(0.2)
            found = await home.discovered("wyoming")


async def test_what_is_said_is_done_and_answered(home: Home, pipeline: str, clips: dict[str, Clip]) -> None:
    await home.turn_off(LAMP)
    heard = await home.say(pipeline, pcm(clips["cmd_living_room_lamp"].path))
    assert not heard.error
    assert heard.words.lower().strip(".") == "turn on the living room lamp"
    assert await home.state(LAMP) == "on"
    assert len(await home.fetch(heard.sound)) > 3000


async def test_a_pause_after_the_wake_word_loses_nothing(home: Home, pipeline: str, clips: dict[str, Clip]) -> None:
    heard = await home.say(pipeline, silence(1.5) + pcm(clips["cmd_living_room_lamp"].path))
    assert heard.words.lower().strip(".") == "turn on the living room lamp"


async def test_nobody_who_speaks_is_an_end_too(home: Home, pipeline: str) -> None:
    heard = await home.say(pipeline, b"")
    assert heard.error == "stt-no-text-recognized"
    assert 4 < heard.words_s < 10


async def test_what_we_say_is_understood(home: Home) -> None:
    said = "The washing machine is done."
    assert (await home.recognise(await home.synthesise(said))).strip(" .").lower() == said.strip(" .").lower()


@pytest.mark.parametrize("text", ["...", "\N{GRINNING FACE}", "***"])
async def test_what_cannot_be_spoken_is_a_moment_of_silence(home: Home, text: str) -> None:
    assert len(await home.synthesise(text)) > 44


async def test_a_long_text_is_said_as_it_is_spoken(home: Home) -> None:
    text = "The washing machine in the cellar is done now. " * 153
    assert len(await home.synthesise(text, at_most=60 * 2 * RATE)) > 30 * 2 * RATE


async def test_the_agent_answers(home: Home) -> None:
    answer = await home.ask_agent("What time is it?")
    assert answer["response_type"] == "action_done"
    assert answer["speech"]["plain"]["speech"].startswith("It")


@pytest.mark.parametrize(
    ("language", "text", "refusal"),
    [
        ("en", "Turn on the ceiling lights.", "I can't control devices here yet."),
        ("de", "Schalte das Licht im Wohnzimmer ein.", "Geräte im Haus kann ich noch nicht steuern."),
    ],
)
async def test_the_agent_claims_no_deed(home: Home, language: str, text: str, refusal: str) -> None:
    await home.turn_off(LAMP)
    answer = await home.ask_agent(text, language=language)
    assert answer["response_type"] == "error"
    assert answer["speech"]["plain"]["speech"].startswith(refusal)
    assert await home.state(LAMP) == "off"


async def test_a_reload_offers_the_new_words(home: Home, assistant: Daemon) -> None:
    assistant.reload(("okay_nabu", "hey_jarvis"))
    with anyio.fail_after(20):
        entries = await home.get("/api/config/config_entries/entry")
        (ours,) = (one["entry_id"] for one in entries if one["domain"] == "wyoming")
        found: list[str] = []
        while found != ["hey jarvis"]:
            await anyio.sleep(0.2)
            await home.post(f"/api/config/config_entries/entry/{ours}/reload", {})
            words = (await home.command("wake_word/info", entity_id="wake_word.assistant"))["wake_words"]
            found = [word["phrase"] for word in words]
