"""Word error rates."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import assistant
from assistant.bench.speed import wer
from assistant.bench.speed.wer import corpus_error_rate, normalise, require_jiwer, word_error_rate
from assistant.errors import AssistantError, Code

PACKAGE = Path(assistant.__file__).parent


@pytest.mark.parametrize(
    ("one", "other", "language"),
    [
        ("What time is it?", "what time is it", "en"),
        ("Set a timer for ten minutes.", "Set a timer for 10 minutes.", "en"),
        ("Brew a sixteen ounce mocha.", "Brew a 16-ounce mocha.", "en"),
        ("January 2nd, twenty twenty", "January 2, 2020", "en"),
        ("What's up?", "Whats up", "en"),
        ("1,000 lamps", "one thousand lamps", "en"),
        ("今天天气怎么样？", "今天 天气怎么样", "zh"),
        ("Straße", "straße", "de"),
    ],
)
def test_spellings_of_the_same_words_are_the_same(one: str, other: str, language: str) -> None:
    assert normalise(one, language) == normalise(other, language)


def test_the_rate_counts_errors_over_words_of_the_reference() -> None:
    assert word_error_rate("turn on the lamp", "turn off the lamp now", "en") == 0.5
    assert word_error_rate("北京今天", "北京昨天", "zh") == 0.25
    assert word_error_rate("yes", "", "en") == 1.0


def test_a_corpus_weighs_clips_by_their_words() -> None:
    assert corpus_error_rate([("yes", "no", "en"), ("one two three lamps", "1 2 3 lamps", "en")]) == 1 / 5


def test_words_without_speech_are_errors() -> None:
    assert corpus_error_rate([("", "thank you", "en")]) == 1.0
    assert corpus_error_rate([("", "", "en")]) == 0.0
    assert corpus_error_rate([("yes", "yes", "en"), ("", "thank you", "en")]) == 2.0


def test_a_missing_jiwer_is_an_error_that_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jiwer", None)
    with pytest.raises(AssistantError, match=r"pip install 'assistant\[bench\]'") as caught:
        require_jiwer()
    assert caught.value.code is Code.BENCH_LIBRARY_MISSING
    assert normalise("Yes!", "en") == "yes", "spelling needs no library"


def test_jiwer_is_imported_lazily_and_in_one_file() -> None:
    importing = [
        path for path in PACKAGE.rglob("*.py") if re.search(r"^\s*(import|from) jiwer\b", path.read_text(), re.M)
    ]
    assert importing == [Path(wer.__file__)]
    command = "import sys, assistant.bench.speed.run, assistant.bench.load.run; sys.exit('jiwer' in sys.modules)"
    subprocess.run([sys.executable, "-c", command], check=True)
