"""Probing an accelerator survives any failure of it."""

import sys
from pathlib import Path

import pytest

from assistant.llm import llama_probe
from assistant.llm.llama_native import Setup
from assistant.llm.llama_probe import ProbeResult, probe


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


@pytest.fixture
def setup(gguf_path: Path) -> Setup:
    return Setup(str(gguf_path), 256, 1, 1)


def test_a_success_names_the_devices(setup: Setup) -> None:
    assert probe(setup, python("print('cuda vulkan')")) == ProbeResult(("cuda", "vulkan"), None)


def test_an_abort_is_a_failure_that_names_the_last_complaint(setup: Setup) -> None:
    program = "import os, sys; print('cuda', flush=True); print('a\\nno kernel', file=sys.stderr); os.abort()"
    assert probe(setup, python(program)) == ProbeResult(("cuda",), "SIGABRT: no kernel")


def test_an_error_is_a_failure_with_its_message(setup: Setup) -> None:
    assert probe(setup, python("import sys; sys.exit('out of memory')")) == ProbeResult((), "status 1: out of memory")


def test_a_failure_without_a_message_has_its_status(setup: Setup) -> None:
    assert probe(setup, python("raise SystemExit(3)")) == ProbeResult((), "status 3")


def test_a_probe_that_hangs_is_ended(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llama_probe, "TIMEOUT_S", 0.1)
    assert probe(setup, python("import threading; threading.Event().wait()")).failure == "no answer within 0 s"


def test_the_real_probe_says_what_this_build_supports(setup: Setup) -> None:
    assert probe(setup) == ProbeResult((), None)
