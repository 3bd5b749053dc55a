"""Run all checks, from the hardware up."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant.config.schema import Config
from assistant.doctor import daemon, devices, heat, installation, machine, permissions, service, settings, sound_server
from assistant.doctor.daemon import DaemonAnswer
from assistant.doctor.finding import Finding, ok
from assistant.doctor.installation import Installation
from assistant.doctor.permissions import UserAccount
from assistant.doctor.service import ServiceFacts
from assistant.doctor.sound import NO_DEVICE, SoundTask
from assistant.doctor.sound_server import SoundServer
from assistant.host.hardware import ROOT
from assistant.service import layout
from assistant.service.account import ACCOUNT


@dataclass(frozen=True, slots=True)
class DoctorOptions:
    """Options of `assistant doctor`."""

    config: Path | None = None
    socket: Path | None = None
    sound: bool = True
    """Whether to play and record a test sound."""
    root: Path = ROOT
    """Folder that holds the kernel's /proc and /sys."""


def examine(options: DoctorOptions) -> Iterator[Finding]:
    """Yield one finding per check, always in the same order; checks that cannot be tried are left out.

    Every check has a deadline.
    """
    system, user = service.inspect_service(layout.of_the_system()), service.inspect_service(layout.of_the_user())
    found = installation.find_installation(options.config, system)
    config, about_config = settings.read(found)
    asked = daemon.ask_status(options.socket, would_start=system.is_socket_activated or user.is_socket_activated)
    server = sound_server.find_sound_server()
    yield from _machine(config, found, asked, options.root, min(system.memory_max_mb, user.memory_max_mb))
    yield from heat.check_heat(options.root)
    yield about_config
    yield from settings.check_models(config, found.models)
    yield settings.check_wake_words(config)
    yield settings.check_libraries(config)
    yield from _permissions(config, server, system, options.root)
    yield sound_server.check_sound_server(server, options.root)
    yield sound_server.check_lingering(server)
    deadline_s = devices.HUNG_SERVER_DEADLINE_S if server.problem else devices.DEADLINE_S
    yield from devices.check_devices(_task(config, asked, options.sound), deadline_s)
    yield daemon.check_daemon(asked)
    yield service.check_service(system)
    yield service.check_service(user)


def _machine(
    config: Config, found: Installation, asked: DaemonAnswer, root: Path, limit_mb: float
) -> Iterator[Finding]:
    size_mb, missing = settings.size_mb(config, found.models), settings.missing(config, found.models)
    folders = (found.models.root, found.state)
    return machine.check_machine(
        size_mb, missing, folders, loaded=asked.status is not None, limit_mb=limit_mb, root=root
    )


def _permissions(config: Config, server: SoundServer, system: ServiceFacts, root: Path) -> Iterator[Finding]:
    """Check the users who open sound cards directly: the service, and this user if there is no sound server."""
    me = permissions.myself()
    its_own = permissions.of_user(ACCOUNT) if system.installed else None
    accounts: list[UserAccount] = [*([] if server.answers else [me]), *([its_own] if its_own is not None else [])]
    if {config.audio.input, config.audio.output} == {NO_DEVICE}:
        yield ok("sound_cards", "not needed: no sound device is configured")
    else:
        yield permissions.check_cards(accounts, served=server.answers, root=root)
    yield permissions.check_socket(me, permissions.socket_group() if system.installed else None)


def _task(config: Config, asked: DaemonAnswer, sound: bool) -> SoundTask:
    """Describe the probe. A running daemon that has its devices may hold them exclusively."""
    status = asked.status
    hears = status is not None and status.has_sound and not status.lost_input
    return SoundTask(
        microphone=config.audio.input,
        loudspeaker=config.audio.output,
        play=sound,
        volume=config.sound.volume,
        holder=f"{status.microphone!r} and {status.loudspeaker!r}, {status.state}" if status and hears else "",
    )
