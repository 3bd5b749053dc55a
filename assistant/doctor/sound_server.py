"""Check the sound server, PulseAudio or PipeWire: whether this user has one and whether it answers."""

import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from assistant.doctor.command import CommandTimeout, output_of
from assistant.doctor.finding import Finding, failed, ok, warning

CONNECT_TIMEOUT_S = 2.0

SYSTEM_WIDE = Path("run/pulse/native")
OF_OTHERS = "run/user/*/pulse/native"

RESTART = "`systemctl --user restart pipewire pipewire-pulse`, or `pulseaudio -k`"


@dataclass(frozen=True, slots=True)
class SoundServer:
    """A sound server; `socket` is None if this user has none."""

    socket: Path | None = None
    answers: bool = False
    description: str = ""
    problem: str = ""


def find_sound_server(environment: Mapping[str, str] = os.environ, root: Path = Path("/")) -> SoundServer:
    """Find the server that PortAudio's devices use, the way libpulse does."""
    if (address := _address(environment, root)) is None:
        return SoundServer()
    try:
        shown = output_of("pactl", "info")
    except CommandTimeout as hung:
        return SoundServer(address, problem=str(hung))
    if shown is not None:
        return SoundServer(address, answers=True, description=_described(shown))
    if problem := _refusal(address):
        return SoundServer(address, problem=problem)
    return SoundServer(address, answers=True, description="a sound server (install pulseaudio-utils for details)")


def check_sound_server(server: SoundServer, root: Path) -> Finding:
    if server.problem:
        return failed("sound_server", f"{server.socket}: {server.problem}", f"restart it: {RESTART}")
    if server.answers:
        return ok("sound_server", server.description)
    others = sorted(root.glob(OF_OTHERS))
    if others:
        owner = others[0].parts[-3]
        advice = "run the assistant as that user: `assistant service install --user`"
        return warning("sound_server", f"none for this user; user {owner} has one that holds the sound cards", advice)
    return ok("sound_server", "none: the sound cards are used directly")


def check_lingering(server: SoundServer, environment: Mapping[str, str] = os.environ) -> Finding:
    """Check that the sound server outlives the session; without lingering it ends with the last one."""
    if not server.answers or environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"):
        return ok("lingering", "not needed: " + ("a desktop session" if server.answers else "no sound server"))
    try:
        shown = output_of("loginctl", "show-user", str(os.getuid()), "--property=Linger")
    except CommandTimeout as hung:
        return warning("lingering", str(hung), "the login manager hangs: `systemctl status systemd-logind`")
    if shown is None:
        return ok("lingering", "no login manager stops the sound server")
    if "Linger=yes" in shown:
        return ok("lingering", "the sound server keeps running when you log out")
    found = "the sound server stops when you log out and starts when you log in"
    return warning("lingering", found, "`loginctl enable-linger`")


def _address(environment: Mapping[str, str], root: Path) -> Path | None:
    """Return the server's socket; for a server on the network its name."""
    if given := environment.get("PULSE_SERVER"):
        return Path(given.split()[0].removeprefix("unix:"))
    session = environment.get("PULSE_RUNTIME_PATH") or environment.get("XDG_RUNTIME_DIR", "") + "/pulse"
    own = Path(session) / "native"
    return next((path for path in (own, root / SYSTEM_WIDE) if path.exists()), None)


def _refusal(address: Path) -> str:
    """Return why no connection is possible; empty if one is."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as attempt:
        attempt.settimeout(CONNECT_TIMEOUT_S)
        try:
            attempt.connect(str(address))
        except OSError as error:
            return f"it does not answer ({error.strerror or error})"
    return ""


def _described(shown: str) -> str:
    """Name the server and its default devices, from the output of `pactl info`."""
    found = dict(re.findall(r"^(Server Name|Server Version|Default Sink|Default Source): (.*)$", shown, re.MULTILINE))
    name, version = found.get("Server Name", "a sound server"), found.get("Server Version", "")
    server = name if "PipeWire" in name else f"{name} {version}".strip()
    return f"{server}; defaults {found.get('Default Source', 'none')}, {found.get('Default Sink', 'none')}"
