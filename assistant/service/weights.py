"""The models of an installed service: there, intact and readable before it starts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.config.schema import Config
from assistant.errors import AssistantError
from assistant.models import catalog, fetch
from assistant.models.store import TASK_OF, Store

Fetch = Callable[[Sequence[str], Store], None]
"""Fetches those of the named models that are missing, and shows how far it is."""


@dataclass(frozen=True, slots=True)
class Models:
    """The models that the configuration names, where the service looks for them: it never fetches any."""

    store: Store
    config: Config
    get: Fetch
    participle = "fetched"

    @property
    def subject(self) -> str:
        return f"models {', '.join(model.name for model in self._catalogued)} in {self.store.root}"

    @property
    def _catalogued(self) -> list[catalog.Model]:
        found = [self.store.catalog.find(name) for name in dict.fromkeys(self.config.models.values())]
        return [model for model in found if model is not None]

    def is_done(self) -> bool:
        return not fetch.missing(self._catalogued, self.store) and not any(self._closed())

    def do(self) -> None:
        self.get([model.name for model in self._catalogued], self.store)
        for path in self._closed():
            path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))

    def refuse_unusable(self) -> None:
        """Raises `AssistantError` for a name that is neither in the catalogue nor a model of the user's own."""
        for key, name in self.config.models.items():
            if self.store.catalog.find(name) is None:
                try:
                    self.store.locate(name, TASK_OF[key])
                except AssistantError as error:
                    raise AssistantError(error.code, f"{key}: {error.message}") from error

    def refuse_missing(self) -> None:
        """Raises `AssistantError` for the first model that would have to be fetched."""
        for model in fetch.missing(self._catalogued, self.store):
            try:
                self.store.check(model)
            except AssistantError as error:
                what = error.message.partition(";")[0]
                raise AssistantError(error.code, f"{what}; it is fetched without --offline") from error

    def _closed(self) -> list[Path]:
        """What others may not read, as whoever downloads with a strict umask leaves it."""
        folders = [self.store.directory(model) for model in self._catalogued]
        every = [self.store.root, *(path for folder in folders for path in (folder, *folder.rglob("*")))]
        return [path for path in every if path.exists() and not path.stat().st_mode & 0o004]
