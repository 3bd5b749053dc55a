"""Check the configuration and what it names: models, wake words, optional libraries."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from assistant.config import file as config_file
from assistant.config.schema import Config
from assistant.doctor.finding import Finding, failed, ok, warning
from assistant.doctor.installation import Installation
from assistant.doctor.sound import NO_DEVICE
from assistant.errors import AssistantError, Code
from assistant.models.catalog import Model
from assistant.models.directory import TASK_OF, ModelDirectory


def read(installation: Installation) -> tuple[Config, Finding]:
    """Read the configuration and report on it; the default stands in for an unusable file."""
    if installation.config is None:
        return Config(), ok("configuration", f"default; {config_file.default_path()} does not exist")
    try:
        return config_file.load(installation.config), ok("configuration", str(installation.config))
    except AssistantError as error:
        return Config(), failed("configuration", error.message, "the checks below use the default configuration")


def check_models(config: Config, store: ModelDirectory) -> Iterator[Finding]:
    """Yield a finding per model that the configuration names; the key is the name of the check."""
    for key, name in config.models.items():
        try:
            path = store.locate(name, TASK_OF[key])
        except AssistantError as error:
            yield _missing(key, name, error, store)
        except PermissionError as error:
            yield warning(key, f"{name}: no permission to read {error.filename}", "run `sudo assistant doctor`")
        else:
            yield ok(key, name if store.catalog.find(name) else str(path))
    if config.llm.engine == "openai":
        yield ok("llm.model", f"{config.llm.model} at {config.llm.base_url} (not contacted)")


def missing(config: Config, store: ModelDirectory) -> list[Model]:
    """Return the models that would have to be fetched."""
    found = [store.catalog.find(name) for name in config.models.values()]
    return [model for model in found if model is not None and _is_missing(model, store)]


def size_mb(config: Config, store: ModelDirectory) -> float:
    """Return the MiB of all models together; a path that does not exist counts as 0."""
    return sum(_size(name, store) for name in config.models.values()) / 2**20


def check_wake_words(config: Config) -> Finding:
    if config.wake == "none":
        return ok("wake.words", "none: it answers everything it hears")
    from assistant.wake.microwakeword import packaged_words

    for word in config.wake.words:
        is_file = word.endswith((".json", ".tflite"))
        if is_file and not Path(word).expanduser().is_file():
            return failed("wake.words", f"{word}: no such file", "use a packaged word or the path of a model")
        if not is_file and word not in packaged_words():
            return failed("wake.words", f"{word!r} is unknown", f"choose from {', '.join(packaged_words())}")
    return ok("wake.words", ", ".join(config.wake.words))


def check_libraries(config: Config) -> Finding:
    """Check the optional libraries that this configuration needs."""
    lacking = [extra for extra, module in _needed_extras(config).items() if not _is_installed(module)]
    if not lacking:
        return ok("libraries", ", ".join(_needed_extras(config)) or "no optional ones needed")
    advice = f"`pip install 'assistant[{','.join(lacking)}]'`"
    if lacking == ["echo"] and config.audio.echo_cancellation == "auto":
        return warning("libraries", "no echo cancellation: you cannot interrupt it by speaking", advice)
    return failed("libraries", f"the configuration needs {', '.join(lacking)}, not installed", advice)


def _missing(key: str, name: str, error: AssistantError, store: ModelDirectory) -> Finding:
    model = store.catalog.find(name)
    if model is None or error.code not in (Code.MODEL_NOT_FETCHED, Code.MODEL_CORRUPT):
        return failed(key, error.message, "`assistant models list` shows the choices")
    what = f"{name} is not in {store.root}" if error.code is Code.MODEL_NOT_FETCHED else error.message.partition(";")[0]
    return failed(key, what, f"`assistant models pull {name}` ({model.download_size / 1e6:.0f} MB)")


def _is_missing(model: Model, store: ModelDirectory) -> bool:
    """Return whether `model` has to be fetched; False if this user may not look at it."""
    try:
        return store.state(model) != "fetched"
    except PermissionError:
        return False


def _size(name: str, store: ModelDirectory) -> int:
    if (model := store.catalog.find(name)) is not None:
        return model.size
    path = Path(name).expanduser()
    try:
        files = list(path.rglob("*")) if path.is_dir() else [path]
        return sum(file.stat().st_size for file in files)
    except OSError:
        return 0


def _needed_extras(config: Config) -> dict[str, str]:
    """Return the extras that `config` needs, each with the module it installs."""
    extras = {
        "echo": ("livekit", config.audio.echo_cancellation != "off" and config.audio.input != NO_DEVICE),
        "otel": ("opentelemetry.exporter.otlp.proto.http", bool(config.metrics.otlp_endpoint)),
        "wyoming": ("wyoming", bool(config.wyoming.listen or config.wyoming.satellites)),
    }
    return {extra: module for extra, (module, needed) in extras.items() if needed}


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False  # one of its parent packages
