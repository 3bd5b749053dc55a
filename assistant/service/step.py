"""Steps of an installation: each makes one change and knows whether it is already made."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from assistant.errors import AssistantError, Code
from assistant.service import files

PrintLine = Callable[[str], None]
"""Prints one line of progress."""

SERVICE_UMASK = 0o022
"""umask for installed files: the service runs as another user, who must be able to read them."""


class SetupStep(Protocol):
    """One idempotent change."""

    @property
    def subject(self) -> str:
        """What is changed: a path, a unit."""

    @property
    def participle(self) -> str:
        """What is done to the subject: "written", "removed"."""

    def is_done(self) -> bool:
        """Return whether nothing is left to do; changes nothing."""

    def do(self) -> None:
        """Make the change. Raises `AssistantError`."""


def carry_out(steps: Sequence[SetupStep], print_line: PrintLine, *, dry_run: bool) -> None:
    """Do the steps that are not done yet, in order, printing a line for each; with `dry_run` only print.

    Which steps are left is decided before the first one, so that a dry run prints what a real run does.
    """
    before = os.umask(SERVICE_UMASK)
    try:
        plan = [(step, step.is_done()) for step in steps]
        for step, done in plan:
            if done:
                print_line(f"{step.subject}: unchanged")
            elif dry_run:
                print_line(f"{step.subject}: would be {step.participle}")
            else:
                step.do()
                print_line(f"{step.subject}: {step.participle}")
    except OSError as error:
        raise AssistantError(Code.SERVICE_FAILED, f"{error.filename}: {error.strerror}") from error
    finally:
        os.umask(before)


@dataclass(frozen=True, slots=True)
class WriteFile:
    """Write a file atomically."""

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
    """Write a file unless it exists; from then on it belongs to the user."""

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
    """Remove a file, and the drop-in folder (`NAME.service.d`) if that is empty then."""

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
            with suppress(OSError):  # it contains the user's own drop-ins
                self.path.parent.rmdir()


def refuse_foreign(steps: Sequence[SetupStep]) -> None:
    """Raise `AssistantError` (`service.foreign`) if a step would overwrite or remove a file of another origin."""
    for step in steps:
        if isinstance(step, (WriteFile, RemoveFile)) and not files.is_ours(step.path):
            raise AssistantError(
                Code.SERVICE_FOREIGN,
                f"{step.path} was not written by this program; move it away if it may be replaced",
            )
