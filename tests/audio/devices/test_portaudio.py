import dataclasses
import os
import subprocess
import sys

import pytest

from assistant.audio.devices.portaudio import Device, Direction, choose, no_device
from assistant.errors import AssistantError, Code
from tests.room import Room

MICROPHONE = Device(0, "USB Audio: Array (hw:1,0)", "ALSA", 6, 0, 16_000, False, False)
HEADSET = Device(1, "Headset: USB Audio (hw:2,0)", "ALSA", 1, 2, 48_000, False, False)
SCREEN = Device(2, "HDMI 0 (hw:0,3)", "ALSA", 0, 8, 44_100, False, False)
SERVER = Device(3, "pulse", "ALSA", 32, 32, 44_100, False, False)
DEFAULT = Device(4, "default", "ALSA", 32, 32, 44_100, True, True)
ALL = [MICROPHONE, HEADSET, SCREEN, SERVER, DEFAULT]

OPEN = "from assistant.audio.devices.{module} import {kind}; {kind}('default')"


@pytest.mark.parametrize(
    ("name", "direction", "found"),
    [
        ("default", Direction.INPUT, DEFAULT),
        ("default", Direction.OUTPUT, DEFAULT),
        ("array", Direction.INPUT, MICROPHONE),
        ("USB AUDIO", Direction.OUTPUT, HEADSET),
        ("hw:2,0", Direction.INPUT, HEADSET),
        ("HDMI 0 (hw:0,3)", Direction.OUTPUT, SCREEN),
        ("Pulse", Direction.INPUT, SERVER),
    ],
)
def test_a_device_is_found_by_a_part_of_its_name_among_those_that_can_do_it(
    name: str, direction: Direction, found: Device
) -> None:
    assert choose(ALL, name, direction) is found


def test_a_full_name_wins_over_longer_ones() -> None:
    longer = dataclasses.replace(SERVER, index=5, name="pulse monitor")
    assert choose([longer, SERVER], "pulse", Direction.INPUT) is SERVER


@pytest.mark.parametrize(
    ("name", "direction", "problem"),
    [
        ("webcam", Direction.INPUT, "there is no microphone of this name"),
        ("HDMI", Direction.INPUT, "there is no microphone of this name"),
        ("array", Direction.OUTPUT, "there is no loudspeaker of this name"),
        ("usb", Direction.INPUT, "2 are called so"),
    ],
)
def test_a_name_that_is_unknown_or_not_unique_is_refused_with_those_that_could_be_meant(
    name: str, direction: Direction, problem: str
) -> None:
    with pytest.raises(AssistantError) as caught:
        choose(ALL, name, direction)
    assert caught.value.code == Code.DEVICE_MISSING
    assert caught.value.message.startswith(f"audio.{direction}: {name!r}: {problem}")
    assert "'Headset: USB Audio (hw:2,0)'" in caught.value.message


@pytest.mark.parametrize(
    ("module", "kind", "noun"),
    [("microphone", "Microphone", "microphone"), ("loudspeaker", "Loudspeaker", "loudspeaker")],
)
def test_without_any_device_the_error_says_which_is_missing_and_how_to_get_it(
    module: str, kind: str, noun: str
) -> None:
    unplug = "import sounddevice; sounddevice.query_devices = list; "
    error = error_of(unplug + OPEN.format(module=module, kind=kind), dict(os.environ))
    assert error.startswith(f"device.missing: there is no {noun}: ")
    assert "apt install libasound2-plugins" in error


@pytest.mark.parametrize("direction", list(Direction))
def test_a_machine_with_the_other_kind_of_device_only_lacks_this_one(direction: Direction) -> None:
    only = SCREEN if direction is Direction.INPUT else MICROPHONE
    with pytest.raises(AssistantError) as caught:
        choose([only], "default", direction)
    assert caught.value.message == no_device(direction)


def test_without_the_library_the_error_names_the_package() -> None:
    hide = "import ctypes.util; ctypes.util.find_library = lambda name: None; "
    error = error_of(hide + OPEN.format(module="microphone", kind="Microphone"), dict(os.environ))
    assert error.startswith("device.library_missing: ")
    assert "apt install libportaudio2" in error


def test_a_device_that_cannot_be_opened_is_named(room: Room) -> None:
    program = (
        "from assistant.audio.devices.portaudio import *; "
        "device = find_device('default', Direction.INPUT); "
        "open_input(device, 7, print)"
    )
    error = error_of(program, room.environment)
    assert error.startswith("device.failed: microphone 'default' cannot be opened at 7 Hz: ")


def error_of(program: str, environment: dict[str, str]) -> str:
    """Code and message of the `AssistantError` that `program` raises in a process of its own."""
    program = (
        "from assistant.errors import AssistantError\n"
        f"try:\n    {program}\nexcept AssistantError as error:\n    print(f'{{error.code}}: {{error.message}}')\n"
    )
    command = [sys.executable, "-c", program]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
