"""The assistant as a service of a real systemd, on a machine of its own with a virtual sound card and no network."""

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from assistant.audio.decode import read_audio
from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.audio.wav import write_wav
from assistant.bench.clips import Clip
from tests.machine.daemon import CONFIG, MODELS, NAMED, PROGRAM, SOCKET, STATE, UNIT, Daemon, installed
from tests.machine.faults.every import FAULTS
from tests.machine.faults.fault import Fault, carry_out
from tests.machine.image import Image
from tests.machine.machine import wait_until
from tests.machine.workshop import Workshop
from tests.room import listen, sounds

pytestmark = pytest.mark.machine

AROUND_S = 0.15
"""A breath."""

MOST_EXPOSED = 1.5
"""Of 10, by `systemd-analyze security`."""

OPEN_A_SOCKET = """
import socket
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_UNIX):
    try:
        socket.socket(family).close()
        print(family.name, "opened")
    except OSError as error:
        print(family.name, "refused")
"""

CHANGE_A_MODEL = f"""
import pathlib
for path in pathlib.Path("{MODELS}").rglob("*"):
    if path.is_file():
        try:
            path.open("r+b").close()
            print("opened", path)
        except OSError as error:
            print("refused")
"""

READ_A_KEY = """
import os, pathlib
from assistant.host.secrets import secret
print(secret("ASSISTANT_LLM_API_KEY"), "ASSISTANT_LLM_API_KEY" in os.environ)
"""

LOOK_AROUND = """
import os
for folder in ("/boot", "/var/log", "/var/backups", "/etc/systemd"):
    try:
        print(folder, "listed" if os.listdir(folder) else "empty")
    except OSError as error:
        print(folder, "refused")
"""


def test_a_question_after_the_wake_word_is_answered_aloud(
    debian: Image, clips: dict[str, Clip], tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    said, recording = tmp_path / "said.wav", tmp_path / "room.wav"
    wake, question = (_speech(clips[name]) for name in ("wake_okay_nabu_pmw1", "q_what_time_is_it_r3"))
    write_wav(said, np.concatenate([wake, question]), LISTENING_RATE)
    with installed(debian, config=None) as daemon:
        with daemon.room.recording(recording):
            daemon.room.speak(said)
            turn = daemon.journal.event("turn_finished")
        woken = daemon.journal.event("woken")
        assert woken.fields["ASSISTANT_WORD"] == "okay_nabu"
        assert turn.fields["ASSISTANT_ERROR"] == "None"
        assert "time is it" in daemon.memory.exchanges[0][0].lower()
        sides = listen(recording)
        question_ended = sounds(sides.user)[-1][1]
        answers = [start for start, end in sounds(sides.answer) if end - start > 0.5]
        assert answers, "no answer was heard"
        assert answers[0] > question_ended, "the answer began before the question had ended"
        record_property("voice_to_voice_ms", round((answers[0] - question_ended) * 1000))


def test_a_start_is_finished_only_when_it_hears(workshop: Workshop) -> None:
    def start(daemon: Daemon) -> None:
        daemon.systemctl("stop")
        daemon.room.unplug("mic")
        daemon.systemctl("start", "--no-block")
        assert re.fullmatch(r"loading .+ … \d+%", daemon.until_status("loading"))
        daemon.journal.event("device_lost", after=daemon.journal.event("ready", after=0).at_s)
        assert daemon.facts.active == "activating"
        daemon.room.go_on("mic")
        daemon.until_active("active")
        daemon.until_status("listening")

    workshop.have(start)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_it_lives_through(fault: Fault, workshop: Workshop, record_property: Callable[[str, object], None]) -> None:
    row = workshop.have(partial(carry_out, fault))
    record_property("happened", row.happened)
    record_property("recovered_s", row.recovered_s)


def test_members_of_the_group_may_talk_to_it_and_strangers_may_not(workshop: Workshop) -> None:
    def talk(daemon: Daemon) -> None:
        daemon.machine.run("useradd", "--groups=assistant", "member")
        daemon.machine.run("useradd", "stranger")
        assert json.loads(daemon.command("status", "--json", user="member"))["state"] == "listening"
        assert daemon.command("ask", "What time is it?", user="member").strip()
        refused = daemon.machine.attempt(PROGRAM, "ask", "What time is it?", user="stranger")
        assert refused.returncode == 3
        assert "ermission denied" in refused.stderr

    workshop.have(talk)


def test_who_calls_while_it_does_not_run_starts_it(workshop: Workshop) -> None:
    def call(daemon: Daemon) -> None:
        daemon.systemctl("stop")
        assert daemon.command("ask", "What time is it?").strip()
        # the time of day is told as soon as the rooms are open, which is a moment before it counts as started
        wait_until(lambda: daemon.facts.active == "active", "it does not become active")

    workshop.have(call)


def test_the_journal_can_be_asked_for_a_turn_and_for_errors(workshop: Workshop) -> None:
    def ask(daemon: Daemon) -> None:
        daemon.answers_aloud()
        (finished,) = _journal(daemon, "--lines=1", "ASSISTANT_EVENT=turn_finished")
        story = _journal(daemon, f"TURN_ID={finished['TURN_ID']}", f"_PID={daemon.facts.pid}")
        events = [entry["ASSISTANT_EVENT"] for entry in story]
        assert (events[0], events[-1]) == ("speech_started", "turn_finished")
        daemon.configure("sound: {volume: loud}\n")
        daemon.systemctl("reload")
        daemon.configure(NAMED)
        (error,) = _journal(daemon, "--lines=1", "--priority=err", f"_PID={daemon.facts.pid}")
        assert error["ASSISTANT_CODE"] == "config.invalid"

    workshop.have(ask)


def test_there_is_no_network_inside(workshop: Workshop) -> None:
    def look(daemon: Daemon) -> None:
        interfaces = Path(f"/proc/{daemon.pid}/net/dev").read_text().splitlines()[2:]
        assert [line.partition(":")[0].strip() for line in interfaces] == ["lo"]
        opened = daemon.in_sandbox(OPEN_A_SOCKET).splitlines()
        assert opened == ["AF_INET refused", "AF_INET6 refused", "AF_NETLINK refused", "AF_UNIX opened"]

    workshop.have(look)


def test_it_can_change_no_model(workshop: Workshop) -> None:
    def change(daemon: Daemon) -> None:
        assert set(daemon.in_sandbox(CHANGE_A_MODEL).splitlines()) == {"refused"}

    workshop.have(change)


def test_its_key_comes_from_the_credentials_of_the_machine(workshop: Workshop) -> None:
    def read(daemon: Daemon) -> None:
        assert daemon.in_sandbox(READ_A_KEY) == "None False"
        store = daemon.machine.path("/etc/credstore")
        store.mkdir(mode=0o700, exist_ok=True)
        key = store / "ASSISTANT_LLM_API_KEY"
        key.write_text("sk-of-the-house\n")
        key.chmod(0o600)
        try:
            assert daemon.in_sandbox(READ_A_KEY) == "sk-of-the-house False"
        finally:
            key.unlink()

    workshop.have(read)


def test_what_tells_about_the_machine_is_out_of_sight(workshop: Workshop) -> None:
    def look(daemon: Daemon) -> None:
        seen = daemon.in_sandbox(LOOK_AROUND).splitlines()
        assert seen == ["/boot refused", "/var/log refused", "/var/backups refused", "/etc/systemd listed"]

    workshop.have(look)


def test_systemd_finds_nothing_wrong_with_the_unit_and_little_exposed(workshop: Workshop) -> None:
    def judge(daemon: Daemon) -> None:
        verified = daemon.machine.attempt("systemd-analyze", "verify", UNIT)
        assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")
        judged = daemon.machine.run("systemd-analyze", "security", "--no-pager", UNIT)
        (exposure,) = re.findall(r"Overall exposure level for assistant.service: ([0-9.]+)", judged)
        assert float(exposure) <= MOST_EXPOSED

    workshop.have(judge)


def test_uninstalled_it_leaves_what_is_the_users_and_installed_again_it_goes_on(workshop: Workshop) -> None:
    def uninstall(daemon: Daemon) -> None:
        daemon.call("ask", text="What is the capital of France?")
        before = daemon.memory
        daemon.command("service", "uninstall")
        assert not daemon.machine.path(SOCKET).exists()
        assert daemon.facts.active == "inactive"
        assert daemon.machine.attempt("systemctl", "list-unit-files", "--no-legend", "assistant*").stdout == ""
        for kept in (CONFIG, MODELS, STATE):
            assert daemon.machine.path(kept).exists(), kept
        daemon.command("service", "install", "--offline")
        assert daemon.memory == before

    workshop.have(uninstall)


def _speech(clip: Clip) -> Samples:
    """What is said in `clip`, and a little around it."""
    assert clip.speech_start_s is not None
    assert clip.speech_end_s is not None
    start, end = clip.speech_start_s - AROUND_S, clip.speech_end_s + AROUND_S
    return read_audio(clip.path, max_s=60)[round(start * LISTENING_RATE) : round(end * LISTENING_RATE)]


def _journal(daemon: Daemon, *options: str) -> list[dict[str, str]]:
    lines = daemon.machine.run("journalctl", "--output=json", *options, f"_SYSTEMD_UNIT={UNIT}").splitlines()
    return [json.loads(line) for line in lines]
