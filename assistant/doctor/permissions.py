"""Check who may open the sound cards and who may use the daemon's socket."""

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
"""One file per direction of each sound device."""


@dataclass(frozen=True, slots=True)
class UserAccount:
    """A user and the groups that count for permissions."""

    name: str
    uid: int
    groups: frozenset[int]

    def may_open(self, file: Path) -> bool:
        """Return whether this user may read and write `file`.

        Access control lists, which logind sets for a local session, are considered for the user of this process only.
        """
        if self.uid == os.geteuid():
            return os.access(file, os.R_OK | os.W_OK, effective_ids=True)
        status = file.stat()
        if self.uid in {0, status.st_uid}:
            return self.uid == 0 or bool(status.st_mode & stat.S_IRUSR)
        return bool(status.st_mode & (stat.S_IRGRP if status.st_gid in self.groups else stat.S_IROTH))


def myself() -> UserAccount:
    """Return the user of this process, with the groups the process really has."""
    uid = os.geteuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    return UserAccount(name, uid, frozenset([os.getegid(), *os.getgroups()]))


def of_user(name: str) -> UserAccount | None:
    """Return the user called `name`, with the groups in the system's database."""
    try:
        found = pwd.getpwnam(name)
    except KeyError:
        return None
    return UserAccount(name, found.pw_uid, frozenset(os.getgrouplist(name, found.pw_gid)))


def check_cards(accounts: Sequence[UserAccount], *, served: bool, root: Path) -> Finding:
    """Check that `accounts` may open the sound cards; `served` says that a sound server does it for this user."""
    cards = sorted(root.glob(CARDS))
    if not cards and served:
        return ok("sound_cards", "none in this machine; the sound server provides others")
    if not cards:
        return warning("sound_cards", "no sound card", "plug one in, or see in `dmesg` why it is not recognised")
    for account in accounts:
        for card in cards:
            if not account.may_open(card):
                group = _group_of(card)
                advice = f"`sudo usermod -aG {group} {account.name}`, then log in again or restart the service"
                return failed("sound_cards", f"{account.name} may not open {card} (group {group})", advice)
    names = ", ".join(account.name for account in accounts)
    return ok("sound_cards", f"{names} may open them" if names else "left to the sound server")


def check_socket(account: UserAccount, group: grp.struct_group | None) -> Finding:
    """Check that `account` may use the system service's socket, which belongs to `group`; None without a service."""
    if group is None or account.uid == 0:
        return ok(
            "socket_group",
            "not needed: " + ("there is no system service" if group is None else "root may do everything"),
        )
    if group.gr_gid in account.groups:
        return ok("socket_group", f"{account.name} is in the group {group.gr_name}")
    if account.name in group.gr_mem:
        found = f"{account.name} was added to the group {group.gr_name} after logging in"
        return warning("socket_group", found, "log in again")
    found = f"{account.name} is not in the group {group.gr_name} and cannot use the service"
    return warning("socket_group", found, f"`sudo usermod -aG {group.gr_name} {account.name}`, then log in again")


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
