"""The folder in which models are stored, and the search for the one to load. Never uses the network."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Concatenate, Literal, ParamSpec, TypeVar

from assistant.config.schema import Config
from assistant.errors import AssistantError, Code
from assistant.models import catalog, checks
from assistant.models.catalog import Catalog, Model, Task

P = ParamSpec("P")
T = TypeVar("T")

TASK_OF: dict[str, Task] = {"asr.model": "asr", "llm.model": "llm", "tts.voice": "tts", "turns.end_model": "turn"}
"""Tasks of the models that the keys of the configuration name."""

MAIN_SUFFIX: dict[Task, str] = {"llm": ".gguf", "tts": ".onnx", "turn": ".onnx"}
"""Suffix of the file that an engine loads; recognition loads a folder."""


ALWAYS_READ = 16_000_000
"""Bytes up to which a model is read at every start: 10 ms with SHA-256 in hardware, 0.1 s on a small board without."""


@dataclass(frozen=True, slots=True)
class ModelDirectory:
    """A folder with a folder for each model, and the catalogue that describes their content."""

    root: Path
    catalog: Catalog

    def directory(self, model: Model) -> Path:
        return self.root / model.name

    def main(self, model: Model) -> Path:
        """Path of what the engine loads: the model's folder, or a file in it."""
        directory = self.directory(model)
        return directory / model.main if model.main else directory

    def state(self, model: Model) -> Literal["fetched", "damaged", "not fetched"]:
        """Judge by the sizes alone, so that a list appears at once."""
        directory = self.directory(model)
        if not directory.is_dir():
            return "not fetched"
        sizes_match = all(_size(directory / file.path) == file.size for file in model.files)
        return "fetched" if sizes_match else "damaged"

    def check(self, model: Model) -> None:
        """Raise `AssistantError`: `model.not_fetched`, or `model.corrupt` when a file differs from the catalogue."""
        directory = self.directory(model)
        if not directory.is_dir():
            raise AssistantError(
                Code.MODEL_NOT_FETCHED,
                f"model {model.name} is not in {self.root}; fetch it with {how_to_fetch(model.name)}",
            )
        find = checks.verify if model.size <= ALWAYS_READ else checks.changed
        for name, problem in find(model, directory).items():
            raise self.corrupt(model, name, problem)

    def corrupt(self, model: Model, file: str, problem: str, whose: str = "") -> AssistantError:
        """The error for a file of `model` that has a `problem`; its message begins with `whose`."""
        path = self.directory(model) / file
        return AssistantError(
            Code.MODEL_CORRUPT, f"{whose}{path} {problem}; fetch it again with {how_to_fetch(model.name)}"
        )

    def locate(self, name_or_path: str, task: Task) -> Path:
        """As the function `locate`, in this store."""
        model = self.catalog.find(name_or_path)
        if model is None:
            return self._own_model(name_or_path, task)
        if model.task != task:
            wanted = ", ".join(other.name for other in self.catalog.models if other.task == task)
            raise AssistantError(
                Code.MODEL_UNKNOWN, f"model {model.name} is for {model.task}, not for {task}; choose from {wanted}"
            )
        self.check(model)
        return self.main(model)

    def _own_model(self, name_or_path: str, task: Task) -> Path:
        path = Path(name_or_path).expanduser()
        if not path.exists():
            if not _looks_like_a_path(name_or_path, task):
                self.catalog.model(name_or_path)
            raise AssistantError(Code.MODEL_MISSING, f"there is no model at {path.absolute()}")
        return _usable(path, task)


def locate(name_or_path: str, task: Task) -> Path:
    """Find the folder (asr) or main file (llm: GGUF; tts, turn: ONNX) of a model in the catalogue or at a path.

    Models of the catalogue are checked against its sums. Raises `AssistantError`: `model.unknown`, `model.not_fetched`
    with the command that fetches it, `model.missing` for a path without such a model, `model.corrupt`.
    """
    return default_directory().locate(name_or_path, task)


def locate_configured(config: Config, key: str) -> Path:
    """As `locate`, for the model that `config` names under `key`; error messages begin with the key."""
    try:
        return locate(config.models[key], TASK_OF[key])
    except AssistantError as error:
        raise AssistantError(error.code, f"{key}: {error.message}") from error


def checked_on_failure(
    key: str,
) -> Callable[[Callable[Concatenate[Config, P], T]], Callable[Concatenate[Config, P], T]]:
    """Wrap a function that loads the model that its configuration names under `key`.

    If it fails and the model's files are not those of the catalogue, it raises `AssistantError` (`model.corrupt`): the
    record of `checks` does not notice bits that decayed on the disk, and reading whole models at each start takes long.
    """

    def wrap(load: Callable[Concatenate[Config, P], T]) -> Callable[Concatenate[Config, P], T]:
        @wraps(load)
        def checked(config: Config, /, *args: P.args, **kwargs: P.kwargs) -> T:
            try:
                return load(config, *args, **kwargs)
            except Exception as error:  # whatever an engine raises for a model that is not what it should be
                _refuse_decayed(config, key, error)
                raise

        return checked

    return wrap


def _refuse_decayed(config: Config, key: str, error: Exception) -> None:
    store = default_directory()
    model = store.catalog.find(config.models.get(key, ""))
    if model is None or not store.directory(model).is_dir():
        return
    for name, problem in checks.verify(model, store.directory(model)).items():
        raise store.corrupt(model, name, problem, f"{key}: ") from error


def how_to_fetch(name: str) -> str:
    """Return the command that fetches a model to this process's store; a service cannot do so itself."""
    is_service = "STATE_DIRECTORY" in os.environ and "ASSISTANT_MODELS" not in os.environ
    return "`sudo assistant service install`" if is_service else f"`assistant models pull {name}`"


def default_directory() -> ModelDirectory:
    return ModelDirectory(root(), catalog.shipped())


def root() -> Path:
    """Return the store's folder, which need not exist.

    It is `$ASSISTANT_MODELS`, else `models/` of a checkout, else `models` in `$STATE_DIRECTORY` (set by systemd), else
    `assistant/models` in the user's data directory.
    """
    if named := os.environ.get("ASSISTANT_MODELS"):
        return Path(named).expanduser().absolute()
    if (checkout := _checkout()) is not None:
        return checkout / "models"
    if state := os.environ.get("STATE_DIRECTORY"):
        return Path(state.split(":")[0]) / "models"  # systemd separates several directories with colons
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "assistant" / "models"


def _checkout() -> Path | None:
    root = catalog.FILE.parents[2]
    is_checkout = (root / "pyproject.toml").is_file() and (root / "models" / "catalog.yaml").is_file()
    return root if is_checkout else None


def _looks_like_a_path(text: str, task: Task) -> bool:
    suffix = MAIN_SUFFIX.get(task)
    return os.sep in text or text.startswith((".", "~")) or (suffix is not None and text.endswith(suffix))


def _usable(path: Path, task: Task) -> Path:
    """Return `path` if it has the form that the engine for `task` loads. Raises `AssistantError` (`model.missing`)."""
    match task:
        case "asr":
            wanted, fits = "a CTranslate2 folder with a model.bin", (path / "model.bin").is_file()
        case "llm":
            wanted, fits = "a GGUF file", path.is_file() and _first_bytes(path, 4) == b"GGUF"
        case "tts":
            settings = path.with_name(path.name + ".json")
            wanted, fits = (
                "a Piper .onnx file with its .onnx.json beside it",
                path.suffix == ".onnx" and path.is_file() and settings.is_file(),
            )
        case "turn":
            wanted, fits = "a Smart Turn .onnx file", path.suffix == ".onnx" and path.is_file()
    if not fits:
        raise AssistantError(Code.MODEL_MISSING, f"{path.absolute()} is not {wanted}")
    return path


def _first_bytes(path: Path, count: int) -> bytes:
    try:
        with path.open("rb") as content:
            return content.read(count)
    except OSError as error:
        raise AssistantError(Code.MODEL_MISSING, f"{path.absolute()} cannot be read: {error.strerror}") from error


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
