"""Which installation is examined: what this user would run, or the system's service where there is no such thing."""

from dataclasses import dataclass
from pathlib import Path

from assistant.config import file as config_file
from assistant.doctor.service import Service
from assistant.models import catalog, store
from assistant.models.store import Store
from assistant.store.store import default_path as state_path


@dataclass(frozen=True, slots=True)
class Installation:
    """Where its files lie."""

    config: Path | None
    """None for the default configuration without a file."""
    models: Store
    state: Path
    """The folder that holds what it remembers."""


def find(config: Path | None, system: Service) -> Installation:
    """`config` is the file that was asked for, if one was."""
    own = config_file.default_path()
    if config is None and not own.exists() and system.installed:
        layout = system.layout
        return Installation(layout.config, Store(layout.models, catalog.shipped()), layout.state)
    found = config or (own if own.exists() else None)
    return Installation(found, store.default_store(), state_path().parent)
