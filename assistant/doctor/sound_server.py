"""The sound server: PulseAudio or PipeWire, if one is there for this user, and whether it answers."""

import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from assistant.doctor.command import Hung, ask
from assistant.doctor.finding import Finding, failed, ok, warning

CONNECT_S = 2.0

SYSTEM_WIDE = Path("run/pulse/native")
OF_OTHERS = "run/user/*/pulse/native"

RESTART = "`systemctl --user restart pipewire pipewire-pulse`, or `pulseaudio -k`"


@dataclass(frozen=True, slots=True)
class Server:
    """What was found; `socket` None where no server is meant for this user."""

    socket: Path | None = None
    answers: bool = False
    description: str = ""
    problem: str = ""


def find(environment: Mapping[str, str] = os.environ, root: Path = Path("/")) -> Server:
    """The server that PortAudio's devices lead to, as libpulse looks for it."""
    if (address := _address(environment, root)) is None:
        return Server()
    try:
        shown = ask("pactl", "info")
    except Hung as hung:
        return Server(address, problem=str(hung))
    if shown is not None:
        return Server(address, answers=True, description=_described(shown))
    if problem := _refusal(address):
        return Server(address, problem=problem)
    return Server(address, answers=True, description="a sound server (pactl, which could tell more, is not there)")


def check(server: Server, root: Path) -> Finding:
    if server.problem:
        return failed("sound_server", f"{server.socket}: {server.problem}", f"restart it: {RESTART}")
    if server.answers:
        return ok("sound_server", server.description)
    others = sorted(root.glob(OF_OTHERS))
    if others:
        owner = others[0].parts[-3]
        advice = "run the assistant as that user: `assistant service install --user`"
        return warning("sound_server", f"none for this user; user {owner} has one, and holds the sound cards", advice)
    return ok("sound_server", "none: the sound cards are used directly")


def check_lingering(server: Server, environment: Mapping[str, str] = os.environ) -> Finding:
    """A sound server belongs to a session, and ends with the last one unless its user lingers."""
    if not server.answers or environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"):
        return ok("lingering", "not needed: " + ("a desktop session" if server.answers else "no sound server"))
    try:
        shown = ask("loginctl", "show-user", str(os.getuid()), "--property=Linger")
    except Hung as hung:
        return warning("lingering", str(hung), "the login manager hangs: `systemctl status systemd-logind`")
    if shown is None:
        return ok("lingering", "no login manager ends the sound server")
    if "Linger=yes" in shown:
        return ok("lingering", "the sound server stays when you log out")
    found = "the sound server ends when you log out, and starts when you log in"
    return warning("lingering", found, "`loginctl enable-linger`")


def _address(environment: Mapping[str, str], root: Path) -> Path | None:
    """The socket of the server; for one over the network only its name."""
    if given := environment.get("PULSE_SERVER"):
        return Path(given.split()[0].removeprefix("unix:"))
    session = environment.get("PULSE_RUNTIME_PATH") or environment.get("XDG_RUNTIME_DIR", "") + "/pulse"
    own = Path(session) / "native"
    return next((path for path in (own, root / SYSTEM_WIDE) if path.exists()), None)


def _refusal(address: Path) -> str:
    """Why no connection is possible; empty when one is."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as attempt:
        attempt.settimeout(CONNECT_S)
        try:
            attempt.connect(str(address))
        except OSError as error:
            return f"it does not answer ({error.strerror or error})"
    return ""


def _described(shown: str) -> str:
    """The server and its default devices, from `pactl info`."""
    found = dict(re.findall(r"^(Server Name|Server Version|Default Sink|Default Source): (.*)$", shown, re.MULTILINE))
    name, version = found.get("Server Name", "a sound server"), found.get("Server Version", "")
    server = name if "PipeWire" in name else f"{name} {version}".strip()
    return f"{server}; defaults {found.get('Default Source', 'none')}, {found.get('Default Sink', 'none')}"
