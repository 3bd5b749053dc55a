"""What the device is, how it is, and small talk that needs no model."""

import shutil
import socket
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from assistant import __version__
from assistant.answers.skills.base import Reply, Request, Skill

THERMAL = Path("/sys/class/thermal/thermal_zone0/temp")
"""Millidegrees Celsius of the processor, where the machine tells them."""

MEMORY = Path("/proc/meminfo")

GIB = 2**30

Answers = Callable[["DeviceSkill", Request], Reply | None]


class DeviceSkill(Skill):
    """Answers questions about itself and the machine, and greetings."""

    name = "device"

    def answer(self, request: Request) -> Reply | None:
        """As `Skill.answer`."""
        return _INTENTS.get(request.intent, DeviceSkill.plain)(self, request)

    def plain(self, request: Request) -> Reply:
        """A sentence that is always the same."""
        return Reply(request.say(request.intent))

    def version(self, request: Request) -> Reply:
        """The version of the program."""
        return Reply(request.say("version", version=__version__))

    def uptime(self, request: Request) -> Reply:
        """How long the machine has been running."""
        seconds = time.clock_gettime(time.CLOCK_BOOTTIME)
        return Reply(request.say("uptime", duration=request.speech.duration(timedelta(minutes=seconds // 60))))

    def memory(self, request: Request) -> Reply:
        """How much memory is free."""
        sizes = dict(line.split(":") for line in MEMORY.read_text().splitlines())
        free, total = (int(sizes[name].split()[0]) * 1024 / GIB for name in ("MemAvailable", "MemTotal"))
        return Reply(request.say("memory", free=_short(request, free), total=_short(request, total)))

    def disk(self, request: Request) -> Reply:
        """How much disk is free."""
        usage = shutil.disk_usage("/")
        return Reply(
            request.say("disk", free=_short(request, usage.free / GIB), total=_short(request, usage.total / GIB))
        )

    def temperature(self, request: Request) -> Reply:
        """How warm the processor is."""
        try:
            degrees = int(THERMAL.read_text()) / 1000
        except (OSError, ValueError):
            return Reply(request.say("no_temperature"))
        return Reply(request.say("temperature", degrees=round(degrees)))

    def address(self, request: Request) -> Reply:
        """The name and addresses of the machine."""
        name = socket.gethostname()
        try:
            found = {each[4][0] for each in socket.getaddrinfo(name, None, socket.AF_INET)}
        except OSError:
            found = set()
        addresses = sorted(str(each) for each in found if not str(each).startswith("127."))
        return Reply(request.say("address" if addresses else "no_address", name=name, address=", ".join(addresses)))


_INTENTS: dict[str, Answers] = {
    "version": DeviceSkill.version,
    "uptime": DeviceSkill.uptime,
    "memory": DeviceSkill.memory,
    "disk": DeviceSkill.disk,
    "temperature": DeviceSkill.temperature,
    "address": DeviceSkill.address,
}


def _short(request: Request, value: float) -> str:
    return request.speech.number(round(value, 1))
