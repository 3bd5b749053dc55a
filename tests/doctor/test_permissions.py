"""Who may open sound cards and sockets."""

import os
from grp import struct_group
from pathlib import Path

import pytest

from assistant.doctor import permissions
from assistant.doctor.finding import FindingState
from assistant.doctor.permissions import UserAccount, check_cards, check_socket, myself, of_user

UNUSED_UID = 65_533
GROUP = struct_group(("assistant", "x", 990, ["anna"]))


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """A sound card as udev leaves it: for its owner and its group."""
    found = tmp_path / "dev/snd/pcmC0D0c"
    found.parent.mkdir(parents=True)
    found.touch()
    found.chmod(0o660)
    return found


def service(*groups: int) -> UserAccount:
    return UserAccount("assistant", UNUSED_UID, frozenset(groups))


def test_who_is_in_the_group_of_the_sound_cards_may_open_them(card: Path, tmp_path: Path) -> None:
    person = service(card.stat().st_gid)
    assert check_cards([person], served=False, root=tmp_path).state is FindingState.OK


def test_who_is_not_is_told_how_to_get_in(card: Path, tmp_path: Path) -> None:
    finding = check_cards([service()], served=False, root=tmp_path)
    assert finding.state is FindingState.FAILED
    assert str(card) in finding.found
    assert finding.advice.startswith("`sudo usermod -aG ")
    assert " assistant`" in finding.advice


def test_a_sound_card_open_to_all_users_is_open_to_the_service(card: Path, tmp_path: Path) -> None:
    card.chmod(0o666)
    assert check_cards([service()], served=False, root=tmp_path).state is FindingState.OK


def test_for_this_process_the_kernel_decides(card: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_cards([myself()], served=False, root=tmp_path).state is FindingState.OK
    monkeypatch.setattr(os, "access", lambda *args, **kwargs: False)
    assert check_cards([myself()], served=False, root=tmp_path).state is FindingState.FAILED


def test_root_may_everything(card: Path) -> None:
    card.chmod(0o000)
    assert UserAccount("root", 0, frozenset()).may_open(card) or os.geteuid() == 0


@pytest.mark.parametrize(("served", "state"), [(True, FindingState.OK), (False, FindingState.WARNING)])
def test_a_machine_without_a_sound_card_needs_a_sound_server(tmp_path: Path, served: bool, state: FindingState) -> None:
    assert check_cards([myself()], served=served, root=tmp_path).state is state


def test_only_the_service_of_the_system_needs_a_group_for_its_socket() -> None:
    assert check_socket(UserAccount("berta", 1001, frozenset()), None).state is FindingState.OK


@pytest.mark.parametrize(
    ("person", "state", "advice"),
    [
        (UserAccount("root", 0, frozenset()), FindingState.OK, ""),
        (UserAccount("anna", 1000, frozenset({990})), FindingState.OK, ""),
        (UserAccount("anna", 1000, frozenset({1000})), FindingState.WARNING, "log in again"),
        (UserAccount("berta", 1001, frozenset({1001})), FindingState.WARNING, "`sudo usermod -aG assistant berta`"),
    ],
)
def test_who_may_use_the_socket_of_the_system(person: UserAccount, state: FindingState, advice: str) -> None:
    finding = check_socket(person, GROUP)
    assert finding.state is state
    assert finding.advice.startswith(advice)


def test_users_are_looked_up_with_their_groups() -> None:
    root = of_user("root")
    assert root is not None
    assert root.uid == 0
    assert 0 in root.groups
    assert of_user("no-such-user") is None
    assert permissions.myself().uid == os.geteuid()
