"""Coverage-guided fuzzing of what strangers may send, with atheris where that runs (Linux on x86-64).

    python -m tests.fuzz rpc -runs=1000000
    python -m tests.fuzz state -max_total_time=3600
    python -m tests.fuzz wyoming -max_total_time=600 CORPUS_DIR

Arguments after the first are libFuzzer's. A finding ends it with the input in a file crash-*.
"""

import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass

import atheris


@dataclass(frozen=True)
class Target:
    """A function of a module of this folder, and the modules whose branches are followed."""

    module: str
    function: str
    followed: tuple[str, ...]
    max_bytes: int = 0
    """Length of inputs where short ones, which libFuzzer prefers, reach nothing."""

    def load(self) -> Callable[[bytes], None]:
        """Import the function with what it follows."""
        with atheris.instrument_imports(include=list(self.followed)):
            function: Callable[[bytes], None] = getattr(importlib.import_module(self.module), self.function)
        return function


MESSAGES, FILES, WORDS, SESSIONS = (f"tests.fuzz.{name}" for name in ("messages", "files", "words", "sessions"))

TARGETS = {
    "config": Target(MESSAGES, "fuzz_config", ("assistant.config.file", "assistant.config.reading", "yaml")),
    "decoder": Target(FILES, "fuzz_decoder", ("assistant.audio",), 100),
    "ipc-session": Target(SESSIONS, "fuzz_ipc", ("assistant.interfaces",), 300),
    "openai": Target(MESSAGES, "fuzz_openai", ("assistant.llm.openai_stream",)),
    "reply": Target(WORDS, "fuzz_reply", ("assistant.llm.answer", "assistant.llm.forms"), 60),
    "rpc": Target(MESSAGES, "fuzz_rpc", ("assistant.interfaces.ipc.rpc",)),
    "speakable": Target(WORDS, "fuzz_speakable", ("assistant.tts",), 60),
    "state": Target(FILES, "fuzz_state", ("assistant.store",), 100),
    "wyoming": Target(MESSAGES, "fuzz_wyoming", ("assistant.interfaces.wyoming.wire", "wyoming.event")),
    "wyoming-session": Target(SESSIONS, "fuzz_wyoming", ("assistant.interfaces",), 300),
}


def main() -> None:
    """Fuzz the target of the first argument."""
    target = TARGETS[sys.argv.pop(1)]
    defaults = ["-len_control=0", f"-max_len={target.max_bytes}"] if target.max_bytes else []
    atheris.Setup([sys.argv[0], *defaults, *sys.argv[1:]], target.load())
    atheris.Fuzz()


if __name__ == "__main__":
    main()
