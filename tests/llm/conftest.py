"""One real language model for all tests that only use it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.llm.llama import LlamaCpp


@pytest.fixture(scope="session")
def model(gguf_path: Path) -> Iterator[LlamaCpp]:
    """SmolLM2-135M with 512 tokens of context on the CPU."""
    model = LlamaCpp(gguf_path, "cpu", context_tokens=512, threads=1, batch_threads=2)
    yield model
    model.close()
