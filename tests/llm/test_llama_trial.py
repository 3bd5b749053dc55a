"""The trial of an accelerator survives whatever happens to it."""

import sys
from pathlib import Path

import pytest

from assistant.llm import llama_trial
from assistant.llm.llama_native import Setup
from assistant.llm.llama_trial import Trial, try_out


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


@pytest.fixture
def setup(gguf_path: Path) -> Setup:
    return Setup(str(gguf_path), 256, 1, 1)


def test_what_was_found_and_answered_is_told(setup: Setup) -> None:
    assert try_out(setup, python("print('cuda vulkan')")) == Trial(("cuda", "vulkan"), None)


def test_an_abort_is_a_failure_that_names_the_last_complaint(setup: Setup) -> None:
    program = "import os, sys; print('cuda', flush=True); print('a\\nno kernel', file=sys.stderr); os.abort()"
    assert try_out(setup, python(program)) == Trial(("cuda",), "SIGABRT: no kernel")


def test_an_error_is_a_failure_with_its_message(setup: Setup) -> None:
    assert try_out(setup, python("import sys; sys.exit('out of memory')")) == Trial((), "status 1: out of memory")


def test_a_silent_failure_is_one_too(setup: Setup) -> None:
    assert try_out(setup, python("raise SystemExit(3)")) == Trial((), "status 3")


def test_a_trial_that_hangs_is_ended(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llama_trial, "TRIAL_S", 0.1)
    assert try_out(setup, python("import threading; threading.Event().wait()")).failure == "no answer within 0 s"


def test_the_real_trial_says_what_this_build_supports(setup: Setup) -> None:
    assert try_out(setup) == Trial((), None)
