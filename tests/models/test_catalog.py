import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from assistant.config.schema import Config, Llm, Turns
from assistant.errors import AssistantError, Code
from assistant.models import catalog, checks
from assistant.models.catalog import Hub, Model
from assistant.models.directory import default_directory
from tests.models.small import words

SHIPPED = catalog.shipped().models


def test_the_shipped_catalogue_lists_every_model_that_was_promised() -> None:
    names = {model.name for model in SHIPPED}
    assert names >= {
        *("whisper-base", "whisper-small", "whisper-large-v3-turbo"),
        *("smollm2-135m-instruct", "qwen3-0.6b", "qwen3-1.7b", "qwen3-4b"),
        *("llama-3.2-1b-instruct", "llama-3.2-3b-instruct"),
    }
    spoken = {language for model in SHIPPED if model.task == "tts" for language in model.languages}
    assert spoken >= {"en", "zh", "de", "fr", "es"}


def test_the_default_set_is_one_model_for_every_task_of_the_default_configuration() -> None:
    default_set = {model.name for model in catalog.shipped().default_set}
    assert default_set == set(Config().models.values())


@pytest.mark.parametrize("model", SHIPPED, ids=lambda model: model.name)
def test_every_model_has_a_main_file_that_suits_its_task(model: Model) -> None:
    suffix = {"asr": None, "llm": ".gguf", "tts": ".onnx", "turn": ".onnx"}[model.task]
    assert (model.main is None) == (suffix is None)
    if model.main is not None and suffix is not None:
        assert model.main.endswith(suffix)
    if model.task == "tts":
        assert f"{model.main}.json" in [file.path for file in model.files]
    if model.task == "asr":
        assert {"model.bin", "config.json", "tokenizer.json"} <= {file.path for file in model.files}


@pytest.mark.parametrize("model", SHIPPED, ids=lambda model: model.name)
def test_models_that_the_tests_do_not_fetch_come_from_a_pinned_commit(model: Model) -> None:
    assert model.default == model.fetched_here
    assert isinstance(model.source, Hub) != model.fetched_here


@pytest.mark.usefixtures("models")
def test_the_default_models_are_the_ones_the_catalogue_lists() -> None:
    store = default_directory()
    for model in store.catalog.default_set:
        assert checks.verify(model, store.directory(model)) == {}


def test_the_link_in_the_package_is_the_catalogue_of_the_checkout() -> None:
    assert catalog.FILE.resolve() == Path(__file__).parents[2] / "models" / "catalog.yaml"


def test_a_misspelt_name_suggests_the_similar_ones() -> None:
    with pytest.raises(AssistantError, match=r"no model called 'wisper-base'; did you mean whisper-base") as raised:
        catalog.shipped().model("wisper-base")
    assert raised.value.code is Code.MODEL_UNKNOWN


def test_a_name_unlike_any_other_suggests_the_command_that_lists_them() -> None:
    with pytest.raises(AssistantError, match="`assistant models list` shows what there is"):
        catalog.shipped().model("0")


def test_with_a_server_no_local_language_model_is_needed() -> None:
    config = Config(llm=Llm(engine="openai", model="gpt"))
    assert config.models == {
        "turns.end_model": "smart-turn-v3.2",
        "asr.model": "whisper-base",
        "tts.voice": "en_US-joe-medium",
    }


def test_turns_that_end_by_silence_need_no_end_of_turn_model() -> None:
    assert "turns.end_model" not in Config(turns=Turns(mode="silence")).models


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"files": [{"path": "../words.gguf", "size": 1, "sha256": "0" * 64}]}, r"\$\.models\[0\]\.files\[0\]\.path"),
        ({"files": [{"path": "words.gguf", "size": 1}]}, "missing required field `sha256`"),
        ({"source": {"kind": "hub", "repository": "a/b", "revision": "main"}}, r"\$\.models\[0\]\.source\.revision"),
        ({"licence": ""}, r"\$\.models\[0\]\.licence"),
        ({"task": "psychic"}, r"Invalid enum value 'psychic'"),
        ({"colour": "red"}, "unknown field `colour`"),
        ({"main": "other.gguf"}, r"words: main other\.gguf is not one of its files"),
        ({"size": 1}, "words: size is 1, its files are"),
    ],
)
def test_a_wrong_entry_is_refused_with_file_and_key(tmp_path: Path, change: dict[str, object], complaint: str) -> None:
    entry: dict[str, object] = msgspec.to_builtins(words(tmp_path))
    file = tmp_path / "catalog.yaml"
    file.write_bytes(msgspec.yaml.encode({"models": [entry | change]}))
    with pytest.raises(AssistantError, match=complaint) as raised:
        catalog.read(file)
    assert raised.value.code is Code.CONFIG_INVALID
    assert raised.value.message.startswith(str(file))


def test_two_models_of_one_name_are_refused(tmp_path: Path) -> None:
    entry = msgspec.to_builtins(words(tmp_path))
    file = tmp_path / "catalog.yaml"
    file.write_bytes(msgspec.yaml.encode({"models": [entry, entry]}))
    with pytest.raises(AssistantError, match="two models are called words"):
        catalog.read(file)


def test_a_file_listed_twice_is_refused(tmp_path: Path) -> None:
    entry = msgspec.to_builtins(words(tmp_path))
    file = tmp_path / "catalog.yaml"
    file.write_bytes(msgspec.yaml.encode({"models": [entry | {"files": entry["files"] * 2}]}))
    with pytest.raises(AssistantError, match="words: a file is listed twice"):
        catalog.read(file)


@pytest.mark.parametrize("content", [b"models: [", b"\xff\xfe\x00", b""])
def test_a_file_that_is_not_a_catalogue_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "catalog.yaml"
    file.write_bytes(content)
    with pytest.raises(AssistantError) as raised:
        catalog.read(file)
    assert raised.value.code is Code.CONFIG_INVALID


def test_a_missing_catalogue_is_named(tmp_path: Path) -> None:
    with pytest.raises(AssistantError, match=r"nowhere\.yaml: cannot be read: No such file"):
        catalog.read(tmp_path / "nowhere.yaml")


def test_the_catalogue_is_never_read_by_two_threads_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    decode, inside, maximum = msgspec.yaml.decode, [0], [0]

    def watched(content: bytes, *, type: type[catalog.Catalog]) -> catalog.Catalog:
        inside[0] += 1
        maximum[0] = max(maximum[0], inside[0])
        threading.Event().wait(0.01)
        try:
            return decode(content, type=type)
        finally:
            inside[0] -= 1

    monkeypatch.setattr(msgspec.yaml, "decode", watched)
    with ThreadPoolExecutor(max_workers=4) as readers:
        list(readers.map(lambda _: catalog.read(catalog.FILE), range(8)))
    assert maximum == [1]
