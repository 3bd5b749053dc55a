"""The time zone of this machine, as a zone with rules: what the C library knows is only the offset of now."""

import os
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

LOCALTIME = Path("/etc/localtime")
FOLDER = "zoneinfo"
"""In the path of the file that `LOCALTIME` links to, before the name of the zone."""


def local_zone() -> ZoneInfo:
    """The zone of `$TZ`, else of /etc/localtime as it is now; UTC where neither names one. Costs a system call."""
    if named := os.environ.get("TZ", "").lstrip(":"):
        return _named(named) or ZoneInfo("UTC")
    try:
        link = os.readlink(LOCALTIME)
    except OSError:
        return _of_file()
    _, found, name = link.partition(f"{FOLDER}/")
    return (_named(name) if found else None) or _of_file()


@lru_cache(maxsize=8)
def _named(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _of_file() -> ZoneInfo:
    """The zone in a file that is a copy, not a link."""
    try:
        with LOCALTIME.open("rb") as file:
            return ZoneInfo.from_file(file, key="localtime")
    except (OSError, ValueError):
        return ZoneInfo("UTC")
