"""Who may use the socket."""

import grp
import os
import pwd
import socket

import pytest

from assistant.interfaces.ipc.access import Access, Peer, Right, peer_of

OWNER = 4_000_000
STRANGER = Peer(1, OWNER + 1, frozenset({OWNER + 1}))


def me() -> tuple[str, str]:
    """The names of this user and of its group."""
    return pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name


def test_the_kernel_says_who_is_at_the_other_end() -> None:
    one, other = socket.socketpair(socket.AF_UNIX)
    with one, other:
        peer = peer_of(one)
    assert (peer.pid, peer.uid) == (os.getpid(), os.getuid())
    assert {os.getgid(), *os.getgroups()} <= peer.gids


def test_the_daemons_own_user_may_everything() -> None:
    assert Access([], [], owner=OWNER).right(Peer(1, OWNER, frozenset())) is Right.CONTROL


def test_a_stranger_may_nothing() -> None:
    assert Access(["root", "@root", "no-such-user", "@no-such-group"], [], owner=OWNER).right(STRANGER) is Right.NOTHING


@pytest.mark.parametrize("by", ["user", "group"])
def test_users_and_groups_are_let_in_by_name(by: str) -> None:
    user, group = me()
    name = user if by == "user" else f"@{group}"
    peer = Peer(1, os.getuid(), frozenset({os.getgid()}))
    assert Access([name], [], owner=OWNER).right(peer) is Right.CONTROL
    assert Access([], [name], owner=OWNER).right(peer) is Right.READ


def test_who_may_control_may_read_as_well() -> None:
    user, group = me()
    peer = Peer(1, os.getuid(), frozenset({os.getgid()}))
    assert Access([user], [f"@{group}"], owner=OWNER).right(peer) is Right.CONTROL
    assert Right.CONTROL > Right.READ > Right.NOTHING
