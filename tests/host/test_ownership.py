"""Who can change a file, judged by every folder on the way to it."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.host.ownership import contents_writable_by_others, trusted_users, writable_by_others

ME = trusted_users()


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A program that only its owner can write, three folders deep."""
    program = tmp_path / "opt" / "assistant" / "bin" / "assistant"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    for path in (program, *program.parents[:3]):
        path.chmod(0o755)
    return program


def test_a_program_of_this_user_alone_is_fine(program: Path) -> None:
    assert writable_by_others(program, ME) == ""


@pytest.mark.parametrize("steps", range(4))
def test_any_folder_on_the_way_gives_it_away(program: Path, steps: int) -> None:
    step = (program, *program.parents)[steps]
    step.chmod(0o777)
    assert writable_by_others(program, ME) == f"{step} can be written by every user"


def test_in_a_sticky_folder_each_file_is_its_owners(program: Path) -> None:
    program.parent.chmod(0o1777)
    assert writable_by_others(program, ME) == ""


@pytest.mark.parametrize("link_in", ["assistant", "private"])
def test_the_way_to_what_a_link_points_to_counts_and_so_does_every_link_between(program: Path, link_in: str) -> None:
    root = program.parents[3]
    for name in ("assistant-link", "private"):
        (root / name).mkdir(mode=0o755)
    (root / "private" / "middle").symlink_to(program)
    (root / "first").symlink_to("private/middle")
    assert writable_by_others(root / "first", ME) == ""
    shared = program.parents[1] if link_in == "assistant" else root / "private"
    shared.chmod(0o777)
    assert writable_by_others(root / "first", ME) == f"{shared} can be written by every user"


def test_another_owner_is_named(program: Path) -> None:
    assert writable_by_others(program, frozenset((54_321,))).startswith("/ belongs to ")


def test_a_group_counts_if_anybody_else_is_in_it(program: Path) -> None:
    own = os.getegid()
    os.chown(program, -1, own)
    program.chmod(0o775)
    everyone = frozenset(range(70_000))
    assert writable_by_others(program, everyone) == ""
    assert writable_by_others(program, frozenset()) != ""


def test_what_lies_anywhere_below_counts_for_a_folder(program: Path) -> None:
    folder = program.parents[1]
    assert contents_writable_by_others(folder, ME) == ""
    module = folder / "bin" / "module.py"
    module.write_text("")
    module.chmod(0o666)
    assert contents_writable_by_others(folder, ME) == f"{module} can be written by every user"


def test_what_does_not_exist_is_judged_by_its_folders(program: Path) -> None:
    assert writable_by_others(program.parent / "new", ME) == ""
    program.parent.chmod(0o777)
    assert writable_by_others(program.parent / "new", ME) != ""


@given(mode=st.integers(0, 0o777))
def test_write_permission_for_all_is_what_counts_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, mode: int
) -> None:
    file = tmp_path_factory.getbasetemp() / "file"
    file.write_text("")
    file.chmod(mode & ~0o020)
    assert bool(writable_by_others(file, ME)) == bool(mode & 0o002)
    file.unlink()
