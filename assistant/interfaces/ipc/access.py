"""Who may do what: the kernel says which user is at the other end of the socket, the configuration what it may do."""

import ctypes
import grp
import logging
import os
import pwd
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

log = logging.getLogger(__name__)

SO_PEERGROUPS = 59
"""Linux 4.13, include/uapi/asm-generic/socket.h; Python has no name for it."""

MAX_GROUPS = 65_536
"""NGROUPS_MAX of Linux."""

CREDENTIALS = struct.Struct("3i")
"""struct ucred: process, user and group."""


class Right(IntEnum):
    """What a client may do; each includes the ones before it."""

    NOTHING = 0
    READ = 1
    CONTROL = 2


@dataclass(frozen=True, slots=True)
class Peer:
    """The process at the other end, as it was when it connected."""

    pid: int
    uid: int
    gids: frozenset[int]


def peer_of(connection: socket.socket) -> Peer:
    """The process that has connected (unix(7): SO_PEERCRED, SO_PEERGROUPS)."""
    pid, uid, gid = CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size))
    return Peer(pid, uid, frozenset({gid, *_groups_of(connection)}))


def _groups_of(connection: socket.socket) -> list[int]:
    """The supplementary groups. By way of the C library: Python's own call takes 1024 bytes at most, or 256 of them."""
    groups, size = (ctypes.c_uint32 * MAX_GROUPS)(), ctypes.c_uint32(4 * MAX_GROUPS)
    arguments = connection.fileno(), socket.SOL_SOCKET, SO_PEERGROUPS, ctypes.byref(groups), ctypes.byref(size)
    if ctypes.CDLL(None).getsockopt(*arguments):
        return []  # a kernel before 4.13
    return groups[: size.value // 4]


class Access:
    """The rights that the configuration gives.

    `control` and `read` are names of users, and of groups with @ before them; one that this machine does not know is
    left out. `owner` is a uid that may do everything, None the one of this process.
    """

    def __init__(self, control: Iterable[str], read: Iterable[str], *, owner: int | None = None) -> None:
        self._owner = os.getuid() if owner is None else owner
        self._rights = {Right.CONTROL: _resolve(control), Right.READ: _resolve(read)}

    def right(self, peer: Peer) -> Right:
        """What `peer` may do."""
        if peer.uid == self._owner:
            return Right.CONTROL
        for right, (uids, gids) in self._rights.items():
            if peer.uid in uids or peer.gids & gids:
                return right
        return Right.NOTHING


def _resolve(names: Iterable[str]) -> tuple[frozenset[int], frozenset[int]]:
    uids: set[int] = set()
    gids: set[int] = set()
    for name in names:
        try:
            if name.startswith("@"):
                gids.add(grp.getgrnam(name[1:]).gr_gid)
            else:
                uids.add(pwd.getpwnam(name).pw_uid)
        except KeyError:
            log.debug("ipc: there is no %s on this machine", name)
    return frozenset(uids), frozenset(gids)
