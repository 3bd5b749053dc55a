"""Machines for one fault after another: the same as long as it survives them."""

from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Self, TypeVar

from tests.machine.daemon import Daemon, installed
from tests.machine.image import Image

T = TypeVar("T")


class Workshop:
    """Has at most one machine, and gets another where something has gone wrong with it."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self._machine = ExitStack()
        self._daemon: Daemon | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._machine.close()

    def have(self, work: Callable[[Daemon], T]) -> T:
        """Do `work` with the assistant of the machine, which is well.

        Raises as `work` does, and then the machine is thrown away.
        """
        if self._daemon is None:
            self._daemon = self._machine.enter_context(installed(self._image))
        try:
            self._daemon.be_ready()
            return work(self._daemon)
        except BaseException:
            self._daemon = None
            self._machine.close()
            raise
