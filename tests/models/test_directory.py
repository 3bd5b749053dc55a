import os
from pathlib import Path

import pytest

from assistant.config.schema import Asr, Config
from assistant.errors import AssistantError, Code
from assistant.models import catalog, directory
from assistant.models.catalog import Catalog, Task
from assistant.models.directory import ModelDirectory, checked_on_failure, locate, root
from tests.models.small import EARS_FILES, ears, install, noise, words

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def store(tmp_path: Path, shelf: Path) -> ModelDirectory:
    """A store that contains `ears-1.5`; `words` is only in the catalogue."""
    found = ModelDirectory(tmp_path / "models", Catalog(models=(ears(shelf), words(shelf))))
    install(found.catalog.model("ears-1.5"), found.root / "ears-1.5", EARS_FILES)
    return found


@pytest.fixture
def installed_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program in site-packages, outside a checkout."""
    monkeypatch.setattr(catalog, "FILE", tmp_path / "site-packages" / "assistant" / "models" / "catalog.yaml")
    for name in ("ASSISTANT_MODELS", "STATE_DIRECTORY", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("installed_package")
def test_models_are_stored_in_the_users_data_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    assert root() == Path.home() / ".local/share/assistant/models"
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert root() == Path("/data/assistant/models")


@pytest.mark.usefixtures("installed_package")
def test_under_systemd_models_are_stored_in_the_first_state_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/assistant:/var/lib/other")
    assert root() == Path("/var/lib/assistant/models")


def test_in_a_checkout_models_are_stored_beside_the_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ASSISTANT_MODELS", raising=False)
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/assistant")
    assert root() == CHECKOUT / "models"


def test_a_named_folder_takes_precedence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_MODELS", "~/voices")
    assert root() == Path.home() / "voices"


def test_a_recogniser_is_located_as_its_folder(store: ModelDirectory) -> None:
    assert store.locate("ears-1.5", "asr") == store.root / "ears-1.5"


def test_a_language_model_is_located_as_its_file(store: ModelDirectory) -> None:
    install(store.catalog.model("words"), store.root / "words", {"words.gguf": b"GGUF" + noise(3)})
    assert store.locate("words", "llm") == store.root / "words" / "words.gguf"


def test_a_model_that_was_not_fetched_is_named_with_the_command_that_fetches_it(store: ModelDirectory) -> None:
    with pytest.raises(AssistantError, match="`assistant models pull words`") as raised:
        store.locate("words", "llm")
    assert raised.value.code is Code.MODEL_NOT_FETCHED


def test_in_a_service_the_error_names_the_command_that_fetches_its_models(
    store: ModelDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ASSISTANT_MODELS", raising=False)
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/assistant")
    with pytest.raises(AssistantError, match="`sudo assistant service install`"):
        store.locate("words", "llm")


def test_a_damaged_model_is_refused_with_its_file(store: ModelDirectory) -> None:
    (store.root / "ears-1.5" / "config.json").write_bytes(b"other bytes here!")
    with pytest.raises(AssistantError, match=r"ears-1\.5/config\.json .* `assistant models pull ears-1\.5`") as raised:
        store.locate("ears-1.5", "asr")
    assert raised.value.code is Code.MODEL_CORRUPT


def test_a_model_for_another_task_is_refused_with_those_that_fit(store: ModelDirectory) -> None:
    with pytest.raises(AssistantError, match=r"ears-1\.5 is for asr, not for llm; choose from words") as raised:
        store.locate("ears-1.5", "llm")
    assert raised.value.code is Code.MODEL_UNKNOWN


def test_a_misspelt_name_is_not_taken_for_a_path(store: ModelDirectory) -> None:
    with pytest.raises(AssistantError, match=r"did you mean ears-1\.5\?") as raised:
        store.locate("ears-1.6", "asr")
    assert raised.value.code is Code.MODEL_UNKNOWN


@pytest.mark.parametrize("path", ["somewhere/mine.gguf", "mine.gguf", "~/mine", "./mine"])
def test_a_path_without_a_file_is_a_missing_model(store: ModelDirectory, path: str) -> None:
    with pytest.raises(AssistantError, match=r"there is no model at /.*mine") as raised:
        store.locate(path, "llm")
    assert raised.value.code is Code.MODEL_MISSING


def test_the_users_own_models_are_used_as_they_are(store: ModelDirectory, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    for name in ("model.bin", "voice.onnx", "voice.onnx.json"):
        (folder / name).touch()
    (folder / "blob").write_bytes(b"GGUF and more")
    assert store.locate(str(folder), "asr") == folder
    assert store.locate(str(folder / "blob"), "llm") == folder / "blob"
    assert store.locate(str(folder / "voice.onnx"), "tts") == folder / "voice.onnx"


@pytest.mark.parametrize(
    ("task", "name", "wanted"),
    [
        ("asr", "", "a CTranslate2 folder with a model.bin"),
        ("asr", "text.gguf", "a CTranslate2 folder with a model.bin"),
        ("llm", "", "a GGUF file"),
        ("llm", "text.gguf", "a GGUF file"),
        ("tts", "lonely.onnx", r"a Piper \.onnx file with its \.onnx\.json beside it"),
    ],
)
def test_a_path_of_another_kind_is_refused_with_what_is_wanted(
    store: ModelDirectory, tmp_path: Path, task: Task, name: str, wanted: str
) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "text.gguf").write_text("not a model")
    (folder / "lonely.onnx").touch()
    with pytest.raises(AssistantError, match=f"is not {wanted}") as raised:
        store.locate(str(folder / name), task)
    assert raised.value.code is Code.MODEL_MISSING


def test_the_state_of_a_model_is_judged_by_sizes_alone(store: ModelDirectory) -> None:
    assert store.state(store.catalog.model("ears-1.5")) == "fetched"
    assert store.state(store.catalog.model("words")) == "not fetched"
    (store.root / "ears-1.5" / "model.bin").write_bytes(b"short")
    assert store.state(store.catalog.model("ears-1.5")) == "damaged"
    (store.root / "ears-1.5" / "model.bin").unlink()
    assert store.state(store.catalog.model("ears-1.5")) == "damaged"


@pytest.mark.usefixtures("models")
def test_the_default_models_are_found_without_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise AssertionError("the network or another process was used")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("subprocess.Popen", refuse)
    assert (locate("whisper-base", "asr") / "model.bin").is_file()
    assert locate("smollm2-135m-instruct", "llm").suffix == ".gguf"
    assert locate("en_US-joe-medium", "tts").suffix == ".onnx"


@pytest.fixture
def configured(store: ModelDirectory, monkeypatch: pytest.MonkeyPatch) -> Config:
    """A configuration whose recogniser is in `store`, checked and found correct."""
    monkeypatch.setenv("ASSISTANT_MODELS", str(store.root))
    monkeypatch.setattr(catalog, "shipped", lambda: store.catalog)
    store.locate("ears-1.5", "asr")
    return Config(asr=Asr(model="ears-1.5"))


@checked_on_failure("asr.model")
def fail(config: Config, reason: str) -> None:
    raise RuntimeError(reason)


def decay(path: Path) -> None:
    """Change a bit as a failing disk does: without a trace in the directory."""
    before = path.stat()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_bits_that_decayed_in_a_small_model_are_found_before_it_is_loaded(
    configured: Config, store: ModelDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    decay(store.root / "ears-1.5" / "model.bin")
    monkeypatch.setattr(directory, "ALWAYS_READ", 0)
    store.locate("ears-1.5", "asr")  # a large one is trusted, until it fails
    monkeypatch.undo()
    with pytest.raises(AssistantError, match="does not have the SHA-256") as raised:
        store.locate("ears-1.5", "asr")
    assert (raised.value.code, raised.value.exit_status) == (Code.MODEL_CORRUPT, 4)


def test_a_model_that_fails_to_load_because_bits_decayed_is_corrupt_with_status_4(
    configured: Config, store: ModelDirectory
) -> None:
    decay(store.root / "ears-1.5" / "model.bin")
    with pytest.raises(AssistantError, match=r"asr\.model: .*model\.bin does not have the SHA-256") as raised:
        fail(configured, "no such layer")
    assert raised.value.code is Code.MODEL_CORRUPT
    assert raised.value.exit_status == 4


def test_a_model_that_is_whole_fails_for_its_own_reason(configured: Config) -> None:
    with pytest.raises(RuntimeError, match="no such layer"):
        fail(configured, "no such layer")


def test_a_model_of_ones_own_fails_for_its_own_reason() -> None:
    with pytest.raises(RuntimeError, match="no such layer"):
        fail(Config(asr=Asr(model="/nowhere")), "no such layer")
