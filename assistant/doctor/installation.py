"""Choose the installation to examine: this user's, or the system service if the user has none."""

from dataclasses import dataclass
from pathlib import Path

from assistant.config import file as config_file
from assistant.doctor.service import ServiceFacts
from assistant.models import catalog, directory
from assistant.models.directory import ModelDirectory
from assistant.store.store import default_path as state_path


@dataclass(frozen=True, slots=True)
class Installation:
    """Paths of the examined installation."""

    config: Path | None
    """None if the default configuration is used without a file."""
    models: ModelDirectory
    state: Path
    """Folder of the state database."""


def find_installation(config: Path | None, system: ServiceFacts) -> Installation:
    """Find the installation; `config` is the file given on the command line, if any."""
    own = config_file.default_path()
    if config is None and not own.exists() and system.installed:
        layout = system.layout
        return Installation(layout.config, ModelDirectory(layout.models, catalog.shipped()), layout.state)
    found = config or (own if own.exists() else None)
    return Installation(found, directory.default_directory(), state_path().parent)
