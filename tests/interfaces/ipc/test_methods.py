"""What can be asked over the socket, on a scripted conversation behind a real one."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest

from assistant.agenda.entry import Entry, Kind
from assistant.config.schema import Audio, BargeIn, Config, Sound
from assistant.dialogue.speaking.queue import MAX_WAITING
from assistant.errors import AssistantError, Code
from assistant.events import Announced, PlaybackStarted, TurnFinished
from assistant.interfaces.ipc.methods import METHODS
from assistant.testing.scripted import Script, ScriptedLoudspeaker, ScriptedModel
from assistant.testing.stage import QUIET
from tests.interfaces.ipc.served import Line, Served, served

pytestmark = pytest.mark.anyio


def is_event(name: str) -> Any:
    return lambda message: message.get("method") == "event" and message["params"]["event"] == name


@dataclass
class Case:
    """A call that a method carries out, with what has to be there before."""

    params: dict[str, object] = field(default_factory=dict)
    prepare: Callable[[Served, Line], Awaitable[None]] | None = None
    file: bytes | None = None
    """Bytes of a file whose descriptor comes with the request."""


async def _ask_before(daemon: Served, client: Line) -> None:
    await client.call("ask", text="What time is it?")


async def _begin_transcription(daemon: Served, client: Line) -> None:
    await client.request("transcribe", id="t", source="chunks", encoding="s16le")


async def _configure(daemon: Served, client: Line) -> None:
    daemon.reloaded.append(msgspec.structs.replace(QUIET, sound=Sound(volume=0.5)))


async def _set_timer(daemon: Served, client: Line) -> None:
    """As somebody has who said so."""
    agenda = daemon.stage.rooms.shared.house.agenda
    await agenda.put(Entry("t", Kind.TIMER, "local", datetime.now(UTC) + timedelta(hours=1), "pasta"))


CASES = {
    "status": Case(),
    "ask": Case({"text": "What time is it?"}),
    "say": Case({"text": "The washing is done."}),
    "listen": Case(),
    "stop": Case({"waiting": True}),
    "mute": Case({"muted": True}),
    "volume": Case({"level": 0.5}),
    "transcribe": Case({"encoding": "s16le", "language": "en"}, file=bytes(32_000)),
    "transcribe.chunk": Case({"request": "t", "audio": "AAAA", "last": False}, _begin_transcription),
    "subscribe": Case({"events": ["level"]}),
    "history.get": Case({"limit": 5}, _ask_before),
    "history.clear": Case({}, _ask_before),
    "timers.get": Case({}, _set_timer),
    "timers.cancel": Case({"timer": "t"}, _set_timer),
    "lists.get": Case(),
    "reload": Case({}, _configure),
    "metrics": Case({}, _ask_before),
    "cancel": Case({"request": "t"}, _begin_transcription),
    "shutdown": Case(),
}


@pytest.mark.parametrize("name", METHODS)
async def test_every_method_gives_the_result_that_it_declares(name: str, tmp_path: Path) -> None:
    """Exactly: it is decoded as the declared type, and nothing is missing or left over."""
    case = CASES.get(name)
    assert case is not None, f"{name} has no test case"
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        if case.prepare is not None:
            await case.prepare(daemon, client)
        await _send(client, name, case, tmp_path)
        answer = await client.until(lambda message: message.get("id") == "case")
        assert "error" not in answer
        result = msgspec.convert(answer["result"], METHODS[name].result, strict=True)
        assert msgspec.to_builtins(result) == answer["result"]


async def _send(client: Line, name: str, case: Case, folder: Path) -> None:
    if case.file is None:
        await client.request(name, id="case", **case.params)
        return
    path = folder / "file"
    path.write_bytes(case.file)
    message = json.dumps({"jsonrpc": "2.0", "id": "case", "method": name, "params": case.params}).encode() + b"\n"
    with path.open("rb") as file:
        await client.stream.send_fds(message, [file.fileno()])


def test_a_method_that_is_gone_has_no_test_case() -> None:
    assert set(CASES) == set(METHODS)


async def test_status_tells_what_it_does_and_with_what(tmp_path: Path) -> None:
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        status = (await client.call("status"))["result"]
        assert status["state"] == "listening"
        assert status["models"] == {"asr": "scripted", "llm": "scripted", "tts": "scripted"}
        assert status["socket"] == str(daemon.path)
        assert (status["clients"], status["wyoming_clients"]) == (1, 0)
        await client.call("mute")
        assert (await client.call("status"))["result"]["state"] == "muted"


async def test_a_question_is_answered_in_text(tmp_path: Path) -> None:
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        answer = (await client.call("ask", id="q", text="What time is it?"))["result"]
        assert answer["reply"] == "It is noon, I think. Or later."
        assert answer["turn"]["source"] == "text"
        assert not daemon.stage.loudspeaker.playbacks
        history = (await client.call("history.get"))["result"]
        assert history == {"exchanges": [{"said": "What time is it?", "heard": answer["reply"]}]}
        assert (await client.call("history.clear"))["result"] == {"forgotten": 1}
        assert (await client.call("history.get"))["result"] == {"exchanges": []}


async def test_an_answer_that_is_streamed_comes_in_pieces_with_the_id_of_the_question(tmp_path: Path) -> None:
    script = Script(model=ScriptedModel(pieces=["word "] * 20))
    async with served(tmp_path, script) as daemon, Line(daemon.path) as client:
        await client.request("ask", id="q", text="Tell me a story.", stream=True)
        pieces = []
        while "method" in (message := await client.read()):
            assert message["method"] == "ask.delta"
            assert message["params"]["request"] == "q"
            pieces.append(message["params"]["text"])
        assert "".join(pieces) == message["result"]["reply"] == "word " * 20


async def test_a_question_may_be_answered_aloud(tmp_path: Path) -> None:
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        answer = (await client.call("ask", text="What time is it?", speak=True))["result"]
        assert answer["turn"]["heard"] == "It is noon, I think. Or later."
        assert len(daemon.stage.loudspeaker.playbacks) == 1


async def test_what_the_model_cannot_do_is_an_error_with_its_code(tmp_path: Path) -> None:
    script = Script(model=ScriptedModel(error=AssistantError(Code.LLM_FAILED, "broken")))
    async with served(tmp_path, script) as daemon, Line(daemon.path) as client:
        error = (await client.call("ask", text="What time is it?"))["error"]
        assert (error["message"], error["data"]) == ("broken", {"code": "llm.failed"})


async def test_an_announcement_is_answered_when_it_has_been_said(tmp_path: Path) -> None:
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        said = (await client.call("say", text="The washing is done."))["result"]
        assert said == {"heard": "The washing is done.", "complete": True}
        assert (await client.call("say", text="***"))["error"]["data"] == {"code": "text.empty"}


async def test_other_requests_are_answered_meanwhile_and_stop_ends_it(tmp_path: Path) -> None:
    loudspeaker = ScriptedLoudspeaker(room=100)
    async with served(tmp_path, loudspeaker=loudspeaker) as daemon, Line(daemon.path) as client:
        await client.request("say", id="long", text="A very long announcement.")
        await loudspeaker.full.wait()
        assert (await client.call("status", id=2))["result"]["state"] == "speaking"
        assert (await client.call("stop", id=3))["result"] == {"stopped": True}
        said = await client.until(lambda message: message.get("id") == "long")
        assert said["result"]["complete"] is False


async def test_a_request_is_given_up_by_cancelling_it(tmp_path: Path) -> None:
    loudspeaker = ScriptedLoudspeaker(room=100)
    async with served(tmp_path, loudspeaker=loudspeaker) as daemon, Line(daemon.path) as client:
        await client.request("say", id="long", text="A very long announcement.")
        await loudspeaker.full.wait()
        assert (await client.call("cancel", id=2, request="nothing"))["result"] == {"cancelled": False}
        await client.request("cancel", id=3, request="long")
        answers: dict[object, dict[str, Any]] = {}
        while len(answers) < 2:
            message = await client.read()
            answers[message["id"]] = message
        assert answers[3]["result"] == {"cancelled": True}
        assert answers["long"]["error"]["data"] == {"code": "ipc.cancelled"}
        await daemon.stage.until(Announced)


async def test_and_by_hanging_up(tmp_path: Path) -> None:
    loudspeaker = ScriptedLoudspeaker(room=100)
    async with served(tmp_path, loudspeaker=loudspeaker) as daemon:
        async with Line(daemon.path) as client:
            await client.request("say", text="A very long announcement.")
            await loudspeaker.full.wait()
        announced = await daemon.stage.until(Announced)
        assert isinstance(announced, Announced)
        assert announced.end == "interrupted"


async def test_who_says_nothing_more_still_gets_the_answer(tmp_path: Path) -> None:
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        await client.request("say", text="The washing is done.")
        await client.stream.send_eof()
        assert (await client.read())["result"]["complete"] is True
        with pytest.raises(anyio.EndOfStream):
            await client.read()


async def test_a_notification_is_carried_out_and_not_answered(tmp_path: Path) -> None:
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        await client.send(b'{"jsonrpc": "2.0", "method": "mute"}\n')
        await client.send(b'{"jsonrpc": "2.0", "method": "nonsense"}\n')
        assert (await client.call("status", id=5))["id"] == 5
        assert daemon.stage.room.is_muted


async def test_events_come_as_notifications_to_who_asks(tmp_path: Path) -> None:
    async with served(tmp_path) as daemon, Line(daemon.path) as client, Line(daemon.path) as other:
        events = (await client.call("subscribe"))["result"]["events"]
        assert "turn_finished" in events
        assert "level" not in events
        await other.call("subscribe", events=["turn_finished"])
        await daemon.stage.ask()
        finished = await client.until(is_event("turn_finished"))
        turn = msgspec.convert(finished["params"], TurnFinished)
        assert turn == (await daemon.stage.turn_finished())
        assert (await other.read()) == finished


async def test_the_last_subscription_counts(tmp_path: Path) -> None:
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        await client.call("subscribe")
        assert (await client.call("subscribe", events=[]))["result"] == {"events": []}
        await client.call("mute")
        assert (await client.call("status", id=7))["id"] == 7
        error = (await client.call("subscribe", events=["level", "nonsense"]))["error"]
        assert error["data"] == {"code": "ipc.invalid_params"}
        assert "'nonsense'" in error["message"]


async def test_levels_come_only_if_they_are_asked_for(tmp_path: Path) -> None:
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        await client.call("subscribe", events=["level"])
        await daemon.stage.ears.hear(0.5, 320)
        level = (await client.until(is_event("level")))["params"]
        assert level["level_db"] == pytest.approx(-6, abs=0.1)
        assert level["speech"] == 0.5


async def test_the_microphone_is_switched_off_and_on(tmp_path: Path) -> None:
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        assert (await client.call("mute"))["result"] == {"muted": True}
        assert (await client.call("listen"))["error"]["data"] == {"code": "microphone.muted"}
        assert (await client.call("mute", muted=False))["result"] == {"muted": False}
        assert (await client.call("listen"))["result"] == {}


async def test_the_volume_is_set_and_asked(tmp_path: Path) -> None:
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        assert (await client.call("volume"))["result"] == {"volume": 1.0}
        assert (await client.call("volume", level=0.25))["result"] == {"volume": 0.25}
        assert (await client.call("volume", level=1.5))["error"]["data"] == {"code": "ipc.invalid_params"}
        assert (await client.call("volume"))["result"] == {"volume": 0.25}


async def test_a_changed_configuration_is_followed_as_far_as_possible(tmp_path: Path) -> None:
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        audio = Audio(noise_suppression=True)
        changed = {"sound": Sound(volume=0.5), "audio": audio, "barge_in": BargeIn(duck_db=6)}
        daemon.reloaded.append(msgspec.structs.replace(QUIET, **changed))
        assert (await client.call("reload"))["result"] == {
            "applied": ["barge_in.duck_db", "sound.volume"],
            "restart": ["audio.noise_suppression"],
        }
        assert (await client.call("volume"))["result"] == {"volume": 0.5}
        assert not daemon.running.config.audio.noise_suppression


async def test_a_shorter_answer_may_be_asked_for_while_it_runs(tmp_path: Path) -> None:
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        longer = (await client.call("ask", text="What time is it?"))["result"]["reply"]
        daemon.reloaded.append(
            msgspec.structs.replace(QUIET, llm=msgspec.structs.replace(QUIET.llm, max_reply_tokens=1))
        )
        assert (await client.call("reload"))["result"]["applied"] == ["llm.max_reply_tokens"]
        shorter = (await client.call("ask", text="What time is it?"))["result"]["reply"]
        assert len(shorter) < len(longer)


async def test_who_may_connect_follows_the_configuration(tmp_path: Path) -> None:
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        ipc = msgspec.structs.replace(QUIET.ipc, control=["root"])
        daemon.reloaded.append(msgspec.structs.replace(QUIET, ipc=ipc))
        assert (await client.call("reload"))["result"]["applied"] == ["ipc.control"]


async def test_a_configuration_that_is_wrong_changes_nothing(tmp_path: Path) -> None:
    def refuse() -> Config:
        raise AssistantError(Code.CONFIG_INVALID, "config.yaml: sound.volume: expected a number")

    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        daemon.running.reload = refuse
        error = (await client.call("reload"))["error"]
        assert error["data"] == {"code": "config.invalid"}
        assert "sound.volume" in error["message"]
        assert daemon.running.config == QUIET


async def test_metrics_count_turns_and_requests(tmp_path: Path) -> None:
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        await client.call("ask", text="What time is it?")
        await client.call("nonsense")
        text = (await client.call("metrics"))["result"]["text"]
        assert 'assistant_turns_total{end="answered",room="local",source="text"} 1.0' in text
        assert 'assistant_ipc_requests_total{method="ask",result="ok"} 1.0' in text
        assert 'assistant_ipc_requests_total{method="none",result="ipc.unknown_method"} 1.0' in text
        assert "noon" not in text


async def test_shutdown_is_answered_before_the_end(tmp_path: Path) -> None:
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        assert (await client.call("shutdown"))["result"] == {}
        await daemon.ended.wait()


async def test_shutdown_is_carried_out_also_for_a_client_that_sends_nothing_more(tmp_path: Path) -> None:
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        await client.request("shutdown")
        await client.stream.send_eof()
        await daemon.ended.wait()
        assert (await client.read())["result"] == {}


async def test_more_announcements_than_the_queue_holds_are_refused(tmp_path: Path) -> None:
    loudspeaker = ScriptedLoudspeaker(room=1)
    async with (
        served(tmp_path, loudspeaker=loudspeaker) as daemon,
        Line(daemon.path) as one,
        Line(daemon.path) as two,
        Line(daemon.path) as three,
    ):
        for client in (one, two, three):
            for number in range(12):
                await client.request("say", id=number, text="Word.")
        codes = [(await three.read())["error"]["data"]["code"] for _ in range(36 - MAX_WAITING - 1)]
        assert codes == ["queue.full"] * (36 - MAX_WAITING - 1)
        await daemon.stage.until(PlaybackStarted)
