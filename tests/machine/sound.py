"""The virtual room of a machine: its sound server is a service in there, whoever speaks and listens is out here."""

import json
import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from tests.machine.machine import Machine, wait_until
from tests.room import Room

SOCKET = "/run/pulse/native"
CONTROL = "/run/pulse/control"

Device = Literal["mic", "speaker"]

_ROOM = "/etc/pulse/room.pa"

_SERVICE = f"""
[Unit]
Description=Sound server of the machine

[Service]
ExecStart=/usr/bin/pulseaudio --system -n -F {_ROOM} --disallow-exit --exit-idle-time=-1 --log-level=error
Restart=on-failure
"""

_DEVICES = """
pcm.!default { type pulse }
ctl.!default { type pulse }
pcm.mic { type pulse device mic }
pcm.speaker { type pulse device speaker }
"""
"""ALSA's devices: besides the default, which the sound server is free to choose, two with names, which only exist as
long as their hardware does."""


class MachineRoom(Room):
    """The room that `machine` stands in."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(machine.path("/run"))
        self._machine = machine

    @property
    def environment(self) -> dict[str, str]:
        """For programs of the host, which reach into the machine through its file system."""
        return os.environ | {"PULSE_SERVER": f"unix:{self._machine.path(SOCKET)}"}

    def start(self) -> None:
        """Install the sound server and start it."""
        self._machine.write(_ROOM, "\n".join(self._layout()) + "\n")
        self._machine.write("/etc/asound.conf", _DEVICES)
        self._machine.write("/etc/systemd/system/pulseaudio.service", _SERVICE)
        self._machine.run("systemctl", "daemon-reload")
        self.start_again()

    def stop(self) -> None:
        """Stop the sound server: every device is gone."""
        self._machine.run("systemctl", "stop", "pulseaudio")

    def start_again(self) -> None:
        self._machine.run("systemctl", "start", "pulseaudio")
        wait_until(self._answers, "the sound server does not answer")

    def go_on(self, device: Device) -> None:
        """End what `unplug` has begun."""
        self._run("pactl", f"suspend-{'source' if device == 'mic' else 'sink'}", device, "0")

    def pull_out(self, device: Device) -> None:
        """Unplug the device. Its streams end, and nobody can open it by its name.

        The sound server would move them to another device. The machine has no other worth the name, so they are
        ended, which is what a server without any device, or ALSA without a server, does.
        """
        for module in self._run("pactl", "list", "short", "modules").splitlines():
            if f"_name={device} " in module:
                self._run("pactl", "unload-module", module.split()[0])
        kind = "source-output" if device == "mic" else "sink-input"
        streams = json.loads(self._run("pactl", "--format=json", "list", f"{kind}s"))
        ended = [s["index"] for s in streams if s["properties"].get("application.name", "").startswith("ALSA plug-in")]
        self._control(*(f"kill-{kind} {index}" for index in ended))

    def plug_in(self, device: Device) -> None:
        """Plug it in again."""
        for line in self._layout():
            if f"_name={device} " in line:
                self._run("pactl", *line.split())
        self._run("pactl", f"set-default-{'source' if device == 'mic' else 'sink'}", device)

    def _control(self, *commands: str) -> None:
        """Tell the sound server what `pactl` has no command for."""
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(str(self._machine.path(CONTROL)))
            control.sendall("".join(f"{command}\n" for command in commands).encode())
            control.shutdown(socket.SHUT_WR)
            while control.recv(4096):
                pass

    @property
    def _socket(self) -> Path:
        return Path(SOCKET)

    def _layout(self) -> Sequence[str]:
        return [f"load-module module-cli-protocol-unix socket={CONTROL}", *super()._layout()]
