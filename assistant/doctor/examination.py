"""The whole examination, from the ground up."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant.config.schema import Config
from assistant.doctor import daemon, devices, heat, installation, machine, permissions, service, settings, sound_server
from assistant.doctor.daemon import Asked
from assistant.doctor.finding import Finding
from assistant.doctor.installation import Installation
from assistant.doctor.permissions import Person
from assistant.doctor.service import Service
from assistant.doctor.sound import Task
from assistant.doctor.sound_server import Server
from assistant.host.hardware import ROOT
from assistant.service import layout
from assistant.service.account import ACCOUNT


@dataclass(frozen=True, slots=True)
class Question:
    """What the user wants to know about."""

    config: Path | None = None
    socket: Path | None = None
    sound: bool = True
    """Whether anything may be played and recorded."""
    root: Path = ROOT
    """Where the kernel's files are."""


def examine(question: Question) -> Iterator[Finding]:
    """Every check in turn, in the same order every time, with one finding each; what cannot be tried is left out.

    None of them takes for ever.
    """
    system, user = service.look_at(layout.of_the_system()), service.look_at(layout.of_the_user())
    found = installation.find(question.config, system)
    config, about_config = settings.read(found)
    asked = daemon.ask(question.socket, wakes_nobody=not (system.waits_for_a_client or user.waits_for_a_client))
    server = sound_server.find()
    yield from _machine(config, found, asked, question.root, min(system.memory_max_mb, user.memory_max_mb))
    yield from heat.check(question.root)
    yield about_config
    yield from settings.check_models(config, found.models)
    yield settings.check_wake_words(config)
    yield settings.check_libraries(config)
    yield from _permissions(server, system, question.root)
    yield sound_server.check(server, question.root)
    yield sound_server.check_lingering(server)
    deadline_s = devices.HOPELESS_S if server.problem else devices.DEADLINE_S
    yield from devices.check(_task(config, asked, question.sound), deadline_s)
    yield daemon.check(asked)
    yield service.check(system)
    yield service.check(user)


def _machine(config: Config, found: Installation, asked: Asked, root: Path, limit_mb: float) -> Iterator[Finding]:
    size_mb, missing = settings.size_mb(config, found.models), settings.missing(config, found.models)
    folders = (found.models.root, found.state)
    return machine.check(size_mb, missing, folders, loaded=asked.status is not None, limit_mb=limit_mb, root=root)


def _permissions(server: Server, system: Service, root: Path) -> Iterator[Finding]:
    """The service opens the sound cards itself, and so does whoever has no sound server."""
    me = permissions.myself()
    its_own = permissions.of_user(ACCOUNT) if system.installed else None
    people: list[Person] = [*([] if server.answers else [me]), *([its_own] if its_own is not None else [])]
    yield permissions.check_cards(people, served=server.answers, root=root)
    yield permissions.check_socket(me, permissions.socket_group() if system.installed else None)


def _task(config: Config, asked: Asked, sound: bool) -> Task:
    """A daemon that hears may be the only one who can; one that is deaf is no witness."""
    status = asked.status
    hears = status is not None and not status.deaf
    return Task(
        microphone=config.audio.input,
        loudspeaker=config.audio.output,
        play=sound,
        volume=config.sound.volume,
        holder=f"{status.microphone!r} and {status.loudspeaker!r}, {status.state}" if status and hears else "",
    )
