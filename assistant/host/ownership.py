"""Who else can change a file: what another user can write, they can have run as whoever starts it."""

import errno
import grp
import os
import pwd
import stat
from collections.abc import Iterator
from functools import cache
from pathlib import Path


def trusted_users() -> frozenset[int]:
    """Return the user ids that may change what this process runs: its own, and root."""
    return frozenset((0, os.geteuid()))


def writable_by_others(path: Path, trusted: frozenset[int]) -> str:
    """Say which file or folder on the way to `path` a user outside `trusted` can change, and why; empty if none.

    Symbolic links are followed, and the way to what they point to counts too. What does not exist is judged by the
    folders that do.
    """
    return next((reason for step in _way(path) if (reason := _reason(step, trusted))), "")


def contents_writable_by_others(folder: Path, trusted: frozenset[int]) -> str:
    """As `writable_by_others`, for everything below `folder` too."""
    if reason := writable_by_others(folder, trusted):
        return reason
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(parent, name)
            if reason := writable_by_others(path, trusted) if path.is_symlink() else _reason(path, trusted):
                return reason
    return ""


def _way(path: Path) -> Iterator[Path]:
    """Every folder on the way to `path` and itself, as it is named and as it is with its links resolved."""
    absolute = Path(os.path.abspath(path))
    for whole in dict.fromkeys((absolute, *_targets(absolute))):
        yield from (*reversed(whole.parents), whole)


def _targets(path: Path) -> Iterator[Path]:
    """What each link on the way points to, one step at a time: a link to a link can be changed in the middle."""
    seen = set()
    waiting = [path]
    while waiting:
        whole = waiting.pop()
        for step in (*reversed(whole.parents), whole):
            if step.is_symlink() and step not in seen:
                seen.add(step)
                target = Path(os.path.normpath(step.parent / os.readlink(step)))
                yield target
                waiting.append(target)
    yield path.resolve()


def _reason(path: Path, trusted: frozenset[int]) -> str:
    try:
        status = path.lstat()
    except OSError:
        return ""
    if status.st_uid not in trusted:
        return f"{path} belongs to {_user(status.st_uid)}"
    if stat.S_ISLNK(status.st_mode) or (stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX):
        return ""  # of a link the folder decides; in a sticky folder each file is its owner's alone
    if status.st_mode & stat.S_IWOTH:
        return f"{path} can be written by every user"
    if status.st_mode & stat.S_IWGRP and (_has_acl(path) or not _members(status.st_gid) <= trusted):
        return f"{path} can be written by the group {_group(status.st_gid)}"
    return ""


def _has_acl(path: Path) -> bool:
    """Return whether the group's bits may stand for users that an access control list names."""
    try:
        return bool(os.getxattr(path, "system.posix_acl_access"))
    except OSError as error:
        return error.errno not in (errno.ENODATA, errno.ENOTSUP)


@cache
def _members(group: int) -> frozenset[int]:
    """Users in `group`, whether it is their first or another; of a group without a name nothing is known: -1."""
    try:
        named = grp.getgrgid(group).gr_mem
    except KeyError:
        return frozenset((-1,))
    users = pwd.getpwall()
    return frozenset(user.pw_uid for user in users if user.pw_gid == group or user.pw_name in named)


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
