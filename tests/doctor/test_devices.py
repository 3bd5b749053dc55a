"""Microphone and loudspeaker probed in a separate process, on real PortAudio devices in a virtual room."""

import subprocess
from collections.abc import Iterator

import pytest

from assistant.doctor import devices
from assistant.doctor.finding import Finding, FindingState
from assistant.doctor.sound import SoundTask
from tests.room import Room, open_room

TASK = SoundTask("default", "default")


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    """A room whose microphone hears the loudspeaker."""
    with open_room() as room:
        subprocess.run(["pactl", "set-default-source", "room.monitor"], env=room.environment, check=True)
        for name in ("XDG_RUNTIME_DIR", "PULSE_RUNTIME_PATH", "PULSE_SERVER"):
            monkeypatch.setenv(name, room.environment[name])
        yield room


def found(task: SoundTask = TASK, deadline_s: float = devices.DEADLINE_S) -> dict[str, Finding]:
    return {finding.check: finding for finding in devices.check_devices(task, deadline_s)}


def was_played(report: dict[str, Finding]) -> bool:
    """Return whether the sound was played; on a busy machine it has gaps."""
    return report["playing"].found.startswith("a test sound was played with")


@pytest.mark.usefixtures("room")
def test_in_a_healthy_room_it_hears_what_it_plays() -> None:
    report = found()
    assert list(report) == ["microphone", "loudspeaker", "hearing", "playing", "echo"]
    assert {finding.state for check, finding in report.items() if check != "playing"} == {FindingState.OK}
    assert was_played(report)
    assert report["microphone"].found == "'default' (ALSA), at 48000 Hz"
    assert report["echo"].found.startswith("the microphone picks up the sound at -6 dB")


@pytest.mark.usefixtures("room")
def test_without_sound_devices_are_found_and_left_closed() -> None:
    assert list(found(SoundTask("default", "default", play=False))) == ["microphone", "loudspeaker"]


def test_a_silent_microphone_has_failed_and_the_loudspeaker_has_not(room: Room) -> None:
    subprocess.run(["pactl", "set-default-source", "mic"], env=room.environment, check=True)
    report = found()
    assert report["hearing"].state is FindingState.FAILED
    assert report["hearing"].found == "the microphone: silence"
    assert "is the microphone muted" in report["hearing"].advice
    assert was_played(report)
    assert report["echo"].found.startswith("the microphone does not pick up the sound")


def test_a_stalled_microphone_has_failed_and_the_loudspeaker_has_not(room: Room) -> None:
    subprocess.run(["pactl", "set-default-source", "mic"], env=room.environment, check=True)
    room.unplug("mic")
    report = found()
    assert report["hearing"].state is FindingState.FAILED
    assert "delivers nothing any more" in report["hearing"].found
    assert was_played(report)
    assert "echo" not in report


@pytest.mark.usefixtures("room")
def test_a_name_that_no_device_has_is_refused_with_those_there_are() -> None:
    report = found(SoundTask("webcam", "default"))
    assert report["microphone"].state is FindingState.FAILED
    assert "'default'" in report["microphone"].advice
    assert "hearing" not in report
    assert was_played(report)


@pytest.mark.usefixtures("room")
def test_what_the_running_daemon_holds_is_not_called_missing() -> None:
    report = found(SoundTask("webcam", "default", holder="'mic' and 'speaker', asleep"))
    assert report["microphone"] == Finding(
        "microphone", FindingState.OK, "in use by the running assistant: 'mic' and 'speaker', asleep"
    )


def test_a_stalled_sound_server_is_given_up(room: Room) -> None:
    with room.standing_still():
        report = found(deadline_s=3.0)
    assert list(report) == ["microphone"]
    assert report["microphone"].state is FindingState.FAILED
    assert "did not answer within 3 s" in report["microphone"].found


def test_a_crash_in_a_library_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALSA_CONFIG_PATH", "/dev/null")  # PortAudio calls abort(3)
    report = found()
    assert list(report) == ["microphone"]
    assert report["microphone"].found == "the sound system crashed (Aborted)"
    assert "/etc/asound.conf" in report["microphone"].advice
