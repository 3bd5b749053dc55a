import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from assistant.cli import models
from assistant.errors import AssistantError, Code
from assistant.models import catalog
from assistant.models.catalog import Catalog
from tests.models.small import EARS_FILES, ears, install, words


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store that holds `ears-1.5`; the catalogue also lists `words`, which pip finds."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    small = Catalog(models=(ears(shelf), words(shelf)))
    monkeypatch.setattr(catalog, "shipped", lambda: small)
    monkeypatch.setenv("ASSISTANT_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    install(small.model("ears-1.5"), tmp_path / "models" / "ears-1.5", EARS_FILES)
    return tmp_path / "models"


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(models.app, arguments)


def refusal(result: Result) -> AssistantError:
    assert isinstance(result.exception, AssistantError)
    return result.exception


@pytest.mark.usefixtures("root")
def test_list_shows_what_is_there_and_what_is_not() -> None:
    result = invoke("list")
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "ears-1.5 * asr en 4 MB CC0-1.0 fetched" in lines
    assert "words * llm en 2 MB CC0-1.0 not fetched" in lines


def test_list_as_json_holds_the_whole_catalogue_and_nothing_else(root: Path) -> None:
    listed = json.loads(invoke("list", "--json").stdout)
    assert [(model["name"], model["state"]) for model in listed] == [("ears-1.5", "fetched"), ("words", "not fetched")]
    assert listed[0]["path"] == str(root / "ears-1.5")
    assert len(listed[0]["files"][0]["sha256"]) == 64
    assert listed[0]["licence_source"] == "this test"


def test_the_shipped_catalogue_marks_what_was_never_fetched_here() -> None:
    result = invoke("list")
    lines = result.stdout.splitlines()
    assert any(line.startswith("whisper-base * ") for line in lines)
    assert any(line.startswith("whisper-small † ") for line in lines)


def test_pull_says_how_much_there_is_to_fetch_and_fetches_what_is_missing(root: Path) -> None:
    result = invoke("pull")
    assert result.exit_code == 0
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        f"1 model, 2 MB to fetch into {root}",
        "words: fetching 2 MB",
        "words: fetched and checked",
    ]
    assert (root / "words" / "words.gguf").is_file()


def test_pull_of_what_is_there_fetches_nothing(root: Path) -> None:
    result = invoke("pull", "ears-1.5", "ears-1.5")
    assert result.exit_code == 0
    assert result.stderr == f"1 model already in {root}\n"


def test_pull_all_takes_every_model_of_the_catalogue(root: Path) -> None:
    assert "1 model, 2 MB to fetch" in invoke("pull", "--all").stderr
    assert "2 models already" in invoke("pull", "--all", "--offline").stderr


@pytest.mark.usefixtures("root")
def test_pull_offline_succeeds_only_with_what_is_there() -> None:
    assert invoke("pull", "ears-1.5", "--offline").exit_code == 0
    assert refusal(invoke("pull", "words", "--offline")).code is Code.MODEL_NOT_FETCHED


def test_pull_offline_names_a_damaged_model(root: Path) -> None:
    (root / "ears-1.5" / "config.json").write_bytes(b"")
    assert refusal(invoke("pull", "ears-1.5", "--offline")).code is Code.MODEL_CORRUPT


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("command", ["pull", "verify", "path"])
def test_an_unknown_name_is_a_usage_error(command: str) -> None:
    result = invoke(command, "wordz")
    assert result.exit_code == 2
    assert "did you mean words?" in " ".join(result.stderr.replace("│", " ").split())


@pytest.mark.usefixtures("root")
def test_verify_checks_what_is_there() -> None:
    result = invoke("verify")
    assert result.exit_code == 0
    assert result.stdout == "ears-1.5: ok\n"


def test_verify_names_the_file_that_is_wrong_and_fails(root: Path) -> None:
    (root / "ears-1.5" / "config.json").write_bytes(b"{}")
    result = invoke("verify", "ears-1.5")
    assert result.exit_code == 1
    assert f"{root}/ears-1.5/config.json has 2 bytes instead of 17" in result.stdout
    assert "`assistant models pull ears-1.5` fetches it again" in result.stdout


def test_verify_as_json_gives_every_model_with_its_problems(root: Path) -> None:
    (root / "ears-1.5" / "config.json").unlink()
    result = invoke("verify", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == [{"name": "ears-1.5", "ok": False, "problems": {"config.json": "is missing"}}]


@pytest.mark.usefixtures("root")
def test_verify_of_a_model_that_is_not_there_says_so() -> None:
    assert refusal(invoke("verify", "words")).code is Code.MODEL_NOT_FETCHED


def test_verify_of_an_empty_store_says_so(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_MODELS", str(tmp_path / "empty"))
    result = invoke("verify")
    assert result.exit_code == 0
    assert result.stdout == f"no models in {tmp_path / 'empty'}\n"


def test_path_is_the_store_or_what_an_engine_loads(root: Path) -> None:
    assert invoke("path").stdout == f"{root}\n"
    assert invoke("path", "ears-1.5").stdout == f"{root / 'ears-1.5'}\n"
    assert refusal(invoke("path", "words")).code is Code.MODEL_NOT_FETCHED


def test_the_models_of_a_configuration_are_fetched_when_missing(root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    models.pull_missing(["ears-1.5", "words", "/my/own.gguf"], offline=False)
    shown = capfd.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(f"1 model, 2 MB to fetch into {root}\n")
    models.pull_missing(["ears-1.5", "words"], offline=True)
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("root")
def test_with_offline_a_missing_model_of_a_configuration_is_an_error() -> None:
    with pytest.raises(AssistantError) as raised:
        models.pull_missing(["words"], offline=True)
    assert raised.value.code is Code.MODEL_NOT_FETCHED


@pytest.mark.usefixtures("root")
def test_the_shell_completes_names_of_models() -> None:
    assert list(models._complete("wo")) == [("words", "A model for tests.")]
