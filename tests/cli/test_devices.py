"""`assistant devices` in the virtual room and on a machine without sound."""

import json
import subprocess
import sys

from tests.room import Room


def devices(*options: str, environment: dict[str, str]) -> str:
    command = [sys.executable, "-m", "assistant", "devices", *options]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_microphones_and_loudspeakers_are_listed_with_the_default_marked(room: Room) -> None:
    shown = devices(environment=room.environment | {"COLUMNS": "100"})
    microphones, loudspeakers = shown.split("Loudspeakers")
    for table in (microphones, loudspeakers):
        [default] = [line for line in table.splitlines() if "*" in line and "default" in line and "ALSA" in line]
        assert "Hz" in default


def test_json_is_one_list_of_devices(room: Room) -> None:
    listed = json.loads(devices("--json", environment=room.environment))
    [default] = [device for device in listed if device["is_default_input"]]
    assert default["is_default_output"]
    assert default["name"] == "default"
    assert default["input_channels"] > 0
    assert {device["index"] for device in listed} == set(range(len(listed)))


def test_on_a_machine_without_sound_it_says_what_is_missing() -> None:
    program = (
        "import sounddevice; sounddevice.query_devices = list; "
        "from assistant.cli.devices import devices; devices(); devices(json=True)"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    microphone, loudspeaker, json_list = shown.splitlines()
    assert microphone.startswith("there is no microphone: plug one in")
    assert loudspeaker.startswith("there is no loudspeaker: plug one in")
    assert json_list == "[]"
