"""Permissions: who may open the sound cards, and who may talk to the daemon."""

import grp
import os
import pwd
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.doctor.finding import Finding, failed, ok, warning
from assistant.interfaces.net.unix_socket import GROUP

CARDS = "dev/snd/pcm*"
"""A file for each direction of each sound device."""


@dataclass(frozen=True, slots=True)
class Person:
    """A user, as far as permissions go."""

    name: str
    uid: int
    groups: frozenset[int]

    def may_open(self, file: Path) -> bool:
        """For reading and writing. Access control lists, which a login gives for the devices of a desk, count for
        the user of this process only."""
        if self.uid == os.geteuid():
            return os.access(file, os.R_OK | os.W_OK, effective_ids=True)
        status = file.stat()
        if self.uid in {0, status.st_uid}:
            return self.uid == 0 or bool(status.st_mode & stat.S_IRUSR)
        return bool(status.st_mode & (stat.S_IRGRP if status.st_gid in self.groups else stat.S_IROTH))


def myself() -> Person:
    """The user of this process, with the groups that the process really has."""
    uid = os.geteuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    return Person(name, uid, frozenset([os.getegid(), *os.getgroups()]))


def of_user(name: str) -> Person | None:
    """The user called so, with the groups that the system's files give him."""
    try:
        found = pwd.getpwnam(name)
    except KeyError:
        return None
    return Person(name, found.pw_uid, frozenset(os.getgrouplist(name, found.pw_gid)))


def check_cards(people: Sequence[Person], *, served: bool, root: Path) -> Finding:
    """Whether `people` may open the sound cards; `served` tells that a sound server does it for the user."""
    cards = sorted(root.glob(CARDS))
    if not cards and served:
        return ok("sound_cards", "none of this machine's own; the sound server has others")
    if not cards:
        return warning("sound_cards", "no sound card", "plug one in, or see `dmesg` for why it is not recognised")
    for person in people:
        for card in cards:
            if not person.may_open(card):
                group = _group_of(card)
                advice = f"`sudo usermod -aG {group} {person.name}`, then log in again or restart the service"
                return failed("sound_cards", f"{person.name} may not open {card} (group {group})", advice)
    names = ", ".join(person.name for person in people)
    return ok("sound_cards", f"{names} may open them" if names else "left to the sound server")


def check_socket(person: Person, group: grp.struct_group | None) -> Finding:
    """Whether `person` may use the socket of the system's service, which belongs to `group`; None without such a
    service."""
    if group is None or person.uid == 0:
        return ok("socket_group", "not needed: " + ("the daemon is your own" if group is None else "root may do all"))
    if group.gr_gid in person.groups:
        return ok("socket_group", f"{person.name} is in the group {group.gr_name}")
    if person.name in group.gr_mem:
        found = f"{person.name} is in the group {group.gr_name}, but was not when he logged in"
        return warning("socket_group", found, "log in again")
    found = f"{person.name} is not in the group {group.gr_name}, and cannot talk to the service"
    return warning("socket_group", found, f"`sudo usermod -aG {group.gr_name} {person.name}`, then log in again")


def socket_group() -> grp.struct_group | None:
    try:
        return grp.getgrnam(GROUP)
    except KeyError:
        return None


def _group_of(file: Path) -> str:
    gid = file.stat().st_gid
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
