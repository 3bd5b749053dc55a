"""An installation is a list of small steps: each knows whether it is done already, does one thing, and says so."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from assistant.errors import AssistantError, Code
from assistant.service import files

Say = Callable[[str], None]
"""Takes a line for whoever installs."""

FOR_ALL_TO_READ = 0o022
"""The umask of a service's files: the service is another user than the one who installs, whose umask may hide them."""


class Step(Protocol):
    """One thing to be done."""

    @property
    def subject(self) -> str:
        """What it is about: a path, a unit."""

    @property
    def participle(self) -> str:
        """What happens to it: "written", "removed"."""

    def is_done(self) -> bool:
        """Whether nothing is left to do. Changes nothing."""

    def do(self) -> None:
        """Do it. Raises `AssistantError`."""


def carry_out(steps: Sequence[Step], say: Say, *, dry_run: bool) -> None:
    """Do what is left to do, in order, with a line each; with `dry_run` only say it.

    What is left is decided before anything is done, so that a dry run says what the real one does.
    """
    before = os.umask(FOR_ALL_TO_READ)
    try:
        plan = [(step, step.is_done()) for step in steps]
        for step, done in plan:
            if done:
                say(f"{step.subject}: unchanged")
            elif dry_run:
                say(f"{step.subject}: would be {step.participle}")
            else:
                step.do()
                say(f"{step.subject}: {step.participle}")
    except OSError as error:
        raise AssistantError(Code.SERVICE_FAILED, f"{error.filename}: {error.strerror}") from error
    finally:
        os.umask(before)


@dataclass(frozen=True, slots=True)
class WriteFile:
    """A file of ours, complete or not at all."""

    path: Path
    content: str
    participle = "written"

    @property
    def subject(self) -> str:
        return str(self.path)

    def is_done(self) -> bool:
        try:
            return self.path.read_text(encoding="utf-8") == self.content
        except (OSError, UnicodeDecodeError):
            return False

    def do(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = self.path.with_name(f".{self.path.name}.new")
        new.write_text(self.content, encoding="utf-8")
        new.replace(self.path)


@dataclass(frozen=True, slots=True)
class WriteOnce:
    """A file that is the user's from then on."""

    path: Path
    content: str
    participle = "written"

    @property
    def subject(self) -> str:
        return str(self.path)

    def is_done(self) -> bool:
        return self.path.exists()

    def do(self) -> None:
        WriteFile(self.path, self.content).do()


@dataclass(frozen=True, slots=True)
class RemoveFile:
    """A file of ours, and the folder that it leaves empty if that was made for it (`NAME.service.d`)."""

    path: Path
    participle = "removed"

    @property
    def subject(self) -> str:
        return str(self.path)

    def is_done(self) -> bool:
        return not self.path.exists()

    def do(self) -> None:
        self.path.unlink(missing_ok=True)
        if self.path.parent.name.endswith(".service.d"):
            with suppress(OSError):  # drop-ins of the user's own are in it
                self.path.parent.rmdir()


def refuse_foreign(steps: Sequence[Step]) -> None:
    """Raises `AssistantError` (`service.foreign`) when a step would overwrite or remove what another has put there."""
    for step in steps:
        if isinstance(step, (WriteFile, RemoveFile)) and not files.is_ours(step.path):
            raise AssistantError(
                Code.SERVICE_FOREIGN,
                f"{step.path} was not put there by this program; move it away if it may be replaced",
            )
