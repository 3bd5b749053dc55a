"""The configuration and what it names."""

import errno
import sys
from pathlib import Path

import pytest

from assistant.config.schema import Asr, Audio, Config, Metrics, Tts, Wake, Wyoming
from assistant.config.schema import Llm as LlmSettings
from assistant.doctor import settings
from assistant.doctor.finding import Finding, FindingState
from assistant.doctor.installation import Installation
from assistant.models.catalog import Catalog
from assistant.models.directory import ModelDirectory
from tests.models.small import EARS_FILES, ears, install, words


@pytest.fixture
def store(tmp_path: Path) -> ModelDirectory:
    """A store that has `ears-1.5` but not `words`."""
    (tmp_path / "shelf").mkdir()
    found = ModelDirectory(tmp_path / "models", Catalog(models=(ears(tmp_path / "shelf"), words(tmp_path / "shelf"))))
    install(found.catalog.models[0], found.root / "ears-1.5", EARS_FILES)
    return found


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(asr=Asr(model="ears-1.5"), llm=LlmSettings(model="words"), tts=Tts(voice=str(tmp_path / "no.onnx")))


def models(config: Config, store: ModelDirectory) -> dict[str, Finding]:
    return {finding.check: finding for finding in settings.check_models(config, store)}


def read(store: ModelDirectory, tmp_path: Path, config: Path | None) -> Finding:
    return settings.read(Installation(config, store, tmp_path))[1]


def test_the_file_in_use_is_named(store: ModelDirectory, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("asr: {model: ears-1.5}")
    assert read(store, tmp_path, file) == Finding("configuration", FindingState.OK, str(file))
    assert read(store, tmp_path, None).found.startswith("default; ")


def test_a_mistake_in_the_file_has_failed_and_the_rest_is_examined_with_the_default(
    store: ModelDirectory, tmp_path: Path
) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("asr: {modle: ears-1.5}")
    config, finding = settings.read(Installation(file, store, tmp_path))
    assert config == Config()
    assert finding.state is FindingState.FAILED
    assert "asr.modle: unknown key" in finding.found


def test_each_model_has_a_line_under_its_key(store: ModelDirectory, config: Config) -> None:
    found = models(config, store)
    assert list(found) == list(config.models)
    assert found["asr.model"] == Finding("asr.model", FindingState.OK, "ears-1.5")
    assert found["llm.model"].advice == "`assistant models pull words` (2 MB)"
    assert found["tts.voice"].state is FindingState.FAILED
    assert "there is no model at" in found["tts.voice"].found


def test_a_damaged_model_names_the_file_and_how_to_fetch_it_again(store: ModelDirectory, config: Config) -> None:
    (store.root / "ears-1.5" / "config.json").write_bytes(b"{}")
    damaged = models(config, store)["asr.model"]
    assert damaged.state is FindingState.FAILED
    assert "config.json has 2 bytes instead of 17" in damaged.found
    assert damaged.advice.startswith("`assistant models pull ears-1.5`")


def test_a_server_for_the_language_model_is_named_and_not_asked(store: ModelDirectory) -> None:
    remote = Config(llm=LlmSettings(engine="openai", model="big"))
    assert models(remote, store)["llm.model"].found == "big at http://127.0.0.1:8080/v1 (not contacted)"


def test_what_is_to_be_fetched_and_what_memory_needs(store: ModelDirectory, config: Config) -> None:
    assert [model.name for model in settings.missing(config, store)] == ["words"]
    assert settings.size_mb(config, store) == pytest.approx(6_000_021 / 2**20, abs=1e-4)


def test_models_that_only_others_may_look_at_are_a_warning(
    store: ModelDirectory, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_dir", refuse)
    found = models(config, store)["asr.model"]
    assert found.state is FindingState.WARNING
    assert found.advice == "run `sudo assistant doctor`"
    assert settings.missing(config, store) == []


@pytest.mark.parametrize(
    ("wake", "state"),
    [
        ("none", FindingState.OK),
        (Wake(), FindingState.OK),
        (Wake(words={"hey_jarvis": "auto", "okay_computer": "auto"}), FindingState.FAILED),
        (Wake(words={"/not/there.json": 0.5}), FindingState.FAILED),
    ],
)
def test_wake_words_are_packaged_or_files_that_are_there(wake: Wake, state: FindingState) -> None:
    assert settings.check_wake_words(Config(wake=wake)).state is state


def without(monkeypatch: pytest.MonkeyPatch, *modules: str) -> None:
    monkeypatch.setattr(settings, "find_spec", lambda name: None if name in modules else object())


def test_only_the_libraries_that_are_used_have_to_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "wyoming", "opentelemetry.exporter.otlp.proto.http")
    assert settings.check_libraries(Config()) == Finding("libraries", FindingState.OK, "echo")


def test_without_the_echo_library_it_works_but_cannot_be_spoken_over(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "livekit")
    assert settings.check_libraries(Config()).state is FindingState.WARNING
    assert settings.check_libraries(Config(audio=Audio(echo_cancellation="on"))).state is FindingState.FAILED
    assert settings.check_libraries(Config(audio=Audio(echo_cancellation="off"))).state is FindingState.OK
    assert settings.check_libraries(Config(audio=Audio(input="none", output="none"))).state is FindingState.OK


def test_all_libraries_that_are_missing_are_installed_with_one_command(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "wyoming", "opentelemetry.exporter.otlp.proto.http")
    wanted = Config(
        metrics=Metrics(otlp_endpoint="http://127.0.0.1:4318/v1/traces"),
        wyoming=Wyoming(listen="tcp://127.0.0.1:10700"),
    )
    lacking = settings.check_libraries(wanted)
    assert lacking.state is FindingState.FAILED
    assert lacking.advice == "`pip install 'assistant[otel,wyoming]'`"


def test_a_library_whose_package_is_not_there_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [name for name in sys.modules if name.partition(".")[0] == "opentelemetry"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    wanted = Config(metrics=Metrics(otlp_endpoint="http://127.0.0.1:4318/v1/traces"))
    assert settings.check_libraries(wanted).advice == "`pip install 'assistant[otel]'`"
