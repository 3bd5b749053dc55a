"""Fetch the models of a service before it starts, and make them readable for its user."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.config.schema import Config
from assistant.errors import AssistantError
from assistant.models import catalog, fetch
from assistant.models.directory import TASK_OF, ModelDirectory

Fetcher = Callable[[Sequence[str], ModelDirectory], None]
"""Fetches the missing ones of the named models into a store, showing progress."""


@dataclass(frozen=True, slots=True)
class FetchModels:
    """Fetch the models that the configuration names into the service's store; the service itself never fetches."""

    store: ModelDirectory
    config: Config
    fetch: Fetcher
    participle = "fetched"

    @property
    def subject(self) -> str:
        return f"models {', '.join(model.name for model in self._catalogued)} in {self.store.root}"

    @property
    def _catalogued(self) -> list[catalog.Model]:
        found = [self.store.catalog.find(name) for name in dict.fromkeys(self.config.models.values())]
        return [model for model in found if model is not None]

    def is_done(self) -> bool:
        return not fetch.missing(self._catalogued, self.store) and not any(self._unreadable())

    def do(self) -> None:
        self.fetch([model.name for model in self._catalogued], self.store)
        for path in self._unreadable():
            path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))

    def refuse_unusable(self) -> None:
        """Raise `AssistantError` for a name that is neither in the catalogue nor the path of a model."""
        for key, name in self.config.models.items():
            if self.store.catalog.find(name) is None:
                try:
                    self.store.locate(name, TASK_OF[key])
                except AssistantError as error:
                    raise AssistantError(error.code, f"{key}: {error.message}") from error

    def refuse_missing(self) -> None:
        """Raise `AssistantError` for the first model that would have to be fetched."""
        for model in fetch.missing(self._catalogued, self.store):
            try:
                self.store.check(model)
            except AssistantError as error:
                what = error.message.partition(";")[0]
                raise AssistantError(error.code, f"{what}; run without --offline to fetch it") from error

    def _unreadable(self) -> list[Path]:
        """Return files and folders closed to other users, as a download under a strict umask leaves them."""
        folders = [self.store.directory(model) for model in self._catalogued]
        every = [self.store.root, *(path for folder in folders for path in (folder, *folder.rglob("*")))]
        return [path for path in every if path.exists() and not path.stat().st_mode & 0o004]
