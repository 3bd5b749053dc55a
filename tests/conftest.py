"""What the tests share: the default models, the recordings with their records, the event loop."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.bench.clips import Clip, read_clips
from assistant.cli.models import pull_missing
from assistant.config.schema import Config
from assistant.llm.llama import LlamaCpp
from assistant.models.directory import locate

SPEECH = Path(__file__).parent / "speech"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def _models() -> None:
    """Tests that start the program as a process use the models too, so they are fetched before anything runs."""
    pull_missing(list(Config().models.values()), offline=False)


@pytest.fixture(scope="session")
def clips() -> dict[str, Clip]:
    """Every recording under tests/speech by its name, for example `q_what_time_is_it_r3`."""
    return {clip.name: clip for clip in read_clips([SPEECH])}


@pytest.fixture(scope="session")
def whisper_path() -> Path:
    return locate("whisper-base", "asr")


@pytest.fixture(scope="session")
def gguf_path() -> Path:
    return locate("smollm2-135m-instruct", "llm")


@pytest.fixture(scope="session")
def model(gguf_path: Path) -> Iterator[LlamaCpp]:
    """SmolLM2-135M with 512 tokens of context on the CPU."""
    model = LlamaCpp(gguf_path, "cpu", context_tokens=512, threads=1, batch_threads=2)
    yield model
    model.close()


@pytest.fixture(scope="session")
def voice_path() -> Path:
    return locate("en_US-joe-medium", "tts")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test fails the run: a check that did not happen is not a check that passed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
