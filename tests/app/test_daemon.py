"""`assistant run` as a process, on real PortAudio devices in a virtual room, with the real models."""

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.bench.clips import Clip
from tests.room import Room, listen, open_room, sounds

pytestmark = pytest.mark.usefixtures("models")

PATIENCE_S = 60
COMMAND = [sys.executable, "-m", "assistant", "run", "--wake", "none", "--log-format", "json"]

BRIEF = "llm: {max_reply_tokens: 16}\n"
"""The configuration where nothing depends on it: an answer takes some three seconds to say."""


@dataclass
class Daemon:
    """A running `assistant run` and its log."""

    process: subprocess.Popen[str]
    log: list[dict[str, Any]] = field(default_factory=list)

    def until(self, event: str) -> dict[str, Any]:
        """Read the log until `event` and return it. Ends with an error when the daemon does, without it."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if not line.startswith("{"):
                continue  # PortAudio prints what it thinks of a device that has gone
            self.log.append(json.loads(line))
            if self.log[-1].get("event") == event:
                return self.log[-1]
        raise AssertionError(f"the daemon ended with {self.process.wait()} before {event}: {self.log}")

    def seen(self, event: str) -> list[dict[str, Any]]:
        """What the log has of `event` so far."""
        return [line for line in self.log if line.get("event") == event]

    def until_message(self, beginning: str) -> str:
        """Read the log until a line that is no event begins so."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if line.startswith("{"):
                self.log.append(json.loads(line))
                message: str = self.log[-1].get("message", "")
                if message.startswith(beginning):
                    return message
        raise AssertionError(f"the daemon ended with {self.process.wait()} before {beginning!r}: {self.log}")

    def end(self, by: signal.Signals, within_s: float = PATIENCE_S) -> int:
        self.process.send_signal(by)
        return self.process.wait(timeout=within_s)


@contextmanager
def running(room: Room, *options: str) -> Iterator[Daemon]:
    config = room.home / "brief.yaml"
    config.write_text(BRIEF)
    process = subprocess.Popen(
        [*COMMAND, "--config", str(config), *options],
        stderr=subprocess.PIPE,
        text=True,
        env=room.environment,
    )
    try:
        yield Daemon(process)
    finally:
        process.kill()
        process.communicate()


def test_a_spoken_question_is_answered_aloud_and_a_second_one_too(
    room: Room, clips: dict[str, Clip], tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with running(room, "--log-level", "debug") as daemon, room.recording(tmp_path / "room.wav"):
        ready = daemon.until("ready")
        assert ready["devices"]["asr"] == "cpu"
        for name in ("q_what_time_is_it_r3", "q_grapefruit_in_french"):
            daemon.until("listening")
            room.speak(clips[name].path)
            turn = daemon.until("turn_finished")
            assert turn["error"] is None
            assert turn["heard"] == turn["spoken"]
        assert daemon.end(signal.SIGTERM) == 0
    said = {line["turn"]: line["text"].lower() for line in daemon.log if line.get("event") == "final_transcript"}
    assert "what time is it" in said[1]
    assert "grapefruit in french" in said[2]
    sides = listen(tmp_path / "room.wav")
    assert len(sounds(sides.answer, pause_s=1.0)) == 2
    first_question, first_answer = sounds(sides.user)[0], sounds(sides.answer)[0]
    assert first_answer[0] > first_question[1], "the answer began before the question had ended"
    record_property("voice_to_voice_ms", round((first_answer[0] - first_question[1]) * 1000))
    assert np.abs(np.diff(sides.answer)).max() < 0.5, "a click"


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_the_middle_of_a_sentence_ends_it_at_once(
    room: Room, clips: dict[str, Clip], by: signal.Signals
) -> None:
    with running(room) as daemon:
        daemon.until("listening")
        room.speak(clips["q_what_time_is_it_r3"].path)
        daemon.until("playback_started")
        assert daemon.end(by) == 0
        assert daemon.until("playback_finished")["complete"] is False
        assert daemon.process.stderr is not None
        assert [line for line in daemon.process.stderr if "leaked" in line] == []  # as nanobind tells


def test_a_signal_while_the_models_are_loaded_ends_it_too(room: Room) -> None:
    with running(room) as daemon:
        while "libctranslate2" not in Path(f"/proc/{daemon.process.pid}/maps").read_text():
            assert daemon.process.poll() is None
        assert daemon.end(signal.SIGTERM) == -signal.SIGTERM


def test_words_stay_out_of_the_log_above_debug(room: Room, clips: dict[str, Clip]) -> None:
    with running(room) as daemon:
        daemon.until("listening")
        room.speak(clips["q_grapefruit_in_french"].path)
        daemon.until("turn_finished")
        assert "grapefruit" not in json.dumps(daemon.log).lower()


def test_other_programs_talk_to_it_and_it_speaks_for_them(room: Room, tmp_path: Path) -> None:
    metrics_port, wyoming_port = free_port(), free_port()
    config = tmp_path / "config.yaml"
    config.write_text(
        f"wyoming: {{listen: 'tcp://127.0.0.1:{wyoming_port}'}}\nmetrics: {{http_port: {metrics_port}}}\n"
    )
    with running(room, "--config", str(config)) as daemon, room.recording(tmp_path / "room.wav"):
        daemon.until("listening")
        status = json.loads(command(room, "status", "--json"))
        assert (status["state"], status["pid"]) == ("listening", daemon.process.pid)
        assert command(room, "ask", "What time is it?").strip()
        command(room, "say", "The washing machine is done.")
        with urllib.request.urlopen(f"http://127.0.0.1:{metrics_port}/metrics") as answer:
            assert 'assistant_turns_total{end="answered",room="local",source="text"} 1.0' in answer.read().decode()
        with socket.create_connection(("127.0.0.1", wyoming_port)) as client:
            client.sendall(b'{"type": "describe"}\n')
            assert b'"type": "info"' in client.recv(65_536)
        config.write_text("sound: {volume: 0.5}\n")
        assert "sound.volume" in command(room, "reload")
        config.write_text("sound: {volume: loud}\n")
        with pytest.raises(subprocess.CalledProcessError) as refused:
            command(room, "reload")
        assert "config.invalid" in refused.value.stderr
        assert command(room, "volume") == "Volume 50%\n"
        assert command(room, "shutdown") == "It ends.\n"
        assert daemon.process.wait(timeout=PATIENCE_S) == 0
    assert not Path(status["socket"]).exists()
    assert len(sounds(listen(tmp_path / "room.wav").answer, pause_s=1.0)) == 1


def test_a_second_daemon_is_refused(room: Room) -> None:
    with running(room) as daemon:
        daemon.until("listening")
        with running(room) as second:
            assert second.until("error")["code"] == "ipc.in_use"
            assert second.process.wait(timeout=PATIENCE_S) == 1
        assert json.loads(command(room, "status", "--json"))["pid"] == daemon.process.pid


def command(room: Room, *arguments: str) -> str:
    """What a command prints that talks to the daemon in `room`. Raises `CalledProcessError`."""
    return subprocess.run(
        [sys.executable, "-m", "assistant", *arguments],
        env=room.environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def free_port() -> int:
    """One that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def test_a_microphone_that_stands_still_is_opened_again_and_the_room_hears_of_it() -> None:
    with open_room() as room, running(room) as daemon:
        daemon.until("listening")
        room.unplug("mic")
        assert daemon.until("device_lost")["kind"] == "microphone"
        assert json.loads(command(room, "status", "--json"))["state"] == "deaf"
        daemon.until("announced")
        room.plug_in("mic")
        assert daemon.until("device_back")["kind"] == "microphone"
        assert daemon.end(signal.SIGTERM) == 0


def test_a_sound_server_that_is_restarted_costs_an_answer_at_most(clips: dict[str, Clip]) -> None:
    with open_room() as room, running(room) as daemon:
        daemon.until("listening")
        room.speak(clips["q_what_time_is_it_r3"].path)
        daemon.until("playback_started")
        room.restart()
        assert {daemon.until("device_back")["kind"], daemon.until("device_back")["kind"]} == {
            "microphone",
            "loudspeaker",
        }
        assert daemon.seen("turn_finished")[-1]["error"] == "device.failed"
        daemon.until("announced")  # what was cut off is said after all
        room.speak(clips["q_what_time_is_it_r3"].path)
        turn = daemon.until("turn_finished")
        assert (turn["error"], turn["end"]) == (None, "answered")


def test_what_was_acknowledged_outlives_a_kill() -> None:
    with open_room() as room:
        with running(room) as daemon:
            daemon.until("listening")
            command(room, "ask", "What time is it?")
            command(room, "volume", "30")
            command(room, "mute")
            daemon.process.kill()
            daemon.process.wait()
        with running(room) as daemon:
            daemon.until("ready")
            status = json.loads(command(room, "status", "--json"))
            assert (status["muted"], status["volume"]) == (True, 0.3)
            [exchange] = json.loads(command(room, "history", "--json"))["exchanges"]
            assert exchange["said"] == "What time is it?"
            command(room, "history", "--clear")
            command(room, "unmute")
            daemon.process.kill()
            daemon.process.wait()
        with running(room) as daemon:
            daemon.until("ready")
            assert json.loads(command(room, "status", "--json"))["muted"] is False
            assert json.loads(command(room, "history", "--json"))["exchanges"] == []


def test_a_changed_configuration_is_followed_at_a_signal_and_a_wrong_one_is_not(
    room: Room, clips: dict[str, Clip], tmp_path: Path
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(f"{BRIEF}tts: {{speed: 1.0}}\n")
    with running(room, "--config", str(config)) as daemon:
        daemon.until("listening")
        room.speak(clips["q_what_time_is_it_r3"].path)
        daemon.until("playback_started")
        config.write_text(f"{BRIEF}tts: {{speed: 1.5}}\nturns: {{mode: silence}}\nsound: {{volume: 0.5}}\n")
        daemon.process.send_signal(signal.SIGHUP)
        finished = daemon.until("turn_finished")
        assert (finished["error"], finished["end"]) == (None, "answered")
        changed = daemon.until_message("configuration read again")
        assert all(key in changed for key in ("tts.speed", "turns.mode", "sound.volume"))
        config.write_text("tts: {speed: fast}\n")
        daemon.process.send_signal(signal.SIGHUP)
        assert daemon.until("error")["code"] == "config.invalid"
        config.write_text("tts: {voice: /nowhere.onnx}\n")
        daemon.process.send_signal(signal.SIGHUP)
        assert daemon.until("error")["code"] == "model.missing"
        room.speak(clips["q_what_time_is_it_r3"].path)
        assert daemon.until("turn_finished")["error"] is None
        assert command(room, "volume") == "Volume 50%\n"


def test_a_microphone_that_is_not_there_yet_is_waited_for() -> None:
    with open_room() as room:
        room.stop()
        with running(room, "--wait", "60") as daemon:
            assert "no microphone" in daemon.until_message("waiting")
            room.start()
            daemon.until("listening")


def test_without_waiting_a_missing_microphone_is_an_error() -> None:
    with open_room() as room:
        room.stop()
        with running(room) as daemon:
            assert daemon.until("error")["code"] == "device.missing"
            assert daemon.process.wait(timeout=PATIENCE_S) == 1


def test_what_is_being_said_fades_when_it_is_ended(room: Room, clips: dict[str, Clip], tmp_path: Path) -> None:
    with running(room) as daemon, room.recording(tmp_path / "room.wav"):
        daemon.until("listening")
        room.speak(clips["q_what_time_is_it_r3"].path)
        daemon.until("playback_started")
        assert daemon.end(signal.SIGTERM, within_s=2.0) == 0
    answer = listen(tmp_path / "room.wav").answer
    assert np.abs(np.diff(answer)).max() < 0.5, "a click"
