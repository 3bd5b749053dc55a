"""The files of the languages, and how they are read."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import yaml

from assistant.language import tables
from assistant.language.tables import FOLDER, UNKNOWN, Language, Phrases, languages, tables_of

FILES = sorted(FOLDER.glob("*.yaml"))
FLAGS = {"spaces_between_words", "ordinals_with_stop", "between_characters", "month_first"}

COMPLETE = {"de", "en", "es", "fr", "it", "nl", "pt", "zh"}
"""Languages that the assistant speaks: every phrase, every remark's words, the clock and its questions."""

REMARKS_ONLY = {"ja", "ko"}
WRITING_ONLY = {
    "cs",
    "da",
    "et",
    "fi",
    "hr",
    "hu",
    "km",
    "lo",
    "lv",
    "my",
    "nb",
    "no",
    "pl",
    "sk",
    "sl",
    "sr",
    "th",
    "yue",
}
"""Languages whose files say only how they are written."""

MISSING = {
    "it": {"phrases.code_left_out"},
    "nl": {"phrases.code_left_out"},
    "pt": {"phrases.code_left_out"},
    "zh": {"phrases.code_left_out", "remarks.polite"},
}
"""What complete languages lack on purpose: code is left out in silence, Chinese remarks are whole words."""


def composed(file: Path) -> yaml.Node:
    """The file as YAML takes it, before it becomes values."""
    node = yaml.compose(file.read_text("utf-8"), yaml.SafeLoader)
    assert node is not None
    return node


def scalars(node: yaml.Node, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], yaml.ScalarNode]]:
    """Every scalar below `node` that is a key or a value, with the keys above it."""
    if isinstance(node, yaml.ScalarNode):
        yield path, node
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from scalars(item, path)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield path, key
            yield from scalars(value, (*path, key.value))


def repeated(node: yaml.Node) -> Iterator[str]:
    """Keys that a mapping, and words that a list has more than once."""
    if isinstance(node, yaml.MappingNode):
        yield from (key for key, count in Counter(key.value for key, _ in node.value).items() if count > 1)
        for _, value in node.value:
            yield from repeated(value)
    elif isinstance(node, yaml.SequenceNode):
        words = [item.value for item in node.value if isinstance(item, yaml.ScalarNode)]
        yield from (word for word, count in Counter(words).items() if count > 1)
        for item in node.value:
            yield from repeated(item)


def filled(language: str) -> set[str]:
    """The keys of phrases, remarks and clock that hold something."""
    known = tables_of(language)
    return {
        f"{section}.{key}"
        for section in ("phrases", "remarks", "clock")
        for key in msgspec.structs.asdict(getattr(known, section))
        if getattr(getattr(known, section), key)
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_file_is_read_strictly(file: Path) -> None:
    assert isinstance(msgspec.yaml.decode(file.read_bytes(), type=Language), Language)
    assert re.fullmatch("[a-z]{2,3}", file.stem)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_word_is_taken_for_a_boolean_or_a_number(file: Path) -> None:
    for path, scalar in scalars(composed(file)):
        is_flag = bool(path) and path[-1] in FLAGS
        assert scalar.tag == f"tag:yaml.org,2002:{'bool' if is_flag else 'str'}", scalar.value


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_nothing_is_written_twice(file: Path) -> None:
    assert list(repeated(composed(file))) == []


def test_every_language_has_every_phrase_or_is_partial_on_purpose() -> None:
    assert languages() == COMPLETE | REMARKS_ONLY | WRITING_ONLY
    optional = {"clock.on_the_hour", "clock.minute_words"}
    everything = filled("en") | optional
    assert {name for name in everything if name.startswith("phrases.")} == {
        f"phrases.{n}" for n in Phrases.__struct_fields__
    }
    for language in COMPLETE:
        assert everything - filled(language) - optional == MISSING.get(language, set()), language
    for language in REMARKS_ONLY:
        assert filled(language) == {"remarks.stop", "remarks.dismissal", "remarks.backchannel"}
    for language in WRITING_ONLY:
        assert filled(language) == set()
        assert tables_of(language) != UNKNOWN


def test_words_are_written_as_they_are_looked_up() -> None:
    for language in languages():
        known = tables_of(language)
        remarks, abbreviations, clauses = known.remarks, known.abbreviations, known.clauses
        for words in (remarks.stop, remarks.dismissal, remarks.polite, remarks.backchannel):
            assert all(re.fullmatch(r"[\w']+( [\w']+)*", word) and word == word.lower() for word in words), language
        for words in (abbreviations.always, abbreviations.before_numbers, abbreviations.sometimes_last):
            assert all(word == word.lower().rstrip(".") for word in words), language
        assert all(" " not in word for word in remarks.polite | remarks.backchannel | clauses.leaning)


def test_every_symbol_is_an_expression_and_every_price_has_its_words() -> None:
    for language in languages():
        reading = tables_of(language).reading
        for symbol in reading.symbols:
            re.compile(symbol.written)
        if reading.prices is not None:
            assert set(reading.prices.units) == set("$€£¥₹"), language
            assert set(reading.prices.letters) >= set("kKMB"), language
            assert set(reading.prices.letters.values()) <= set(reading.prices.scales)


@pytest.mark.parametrize(
    "text",
    [
        "remarks: {polite: [no]}",
        "remarks: {stop: [on]}",
        "phrases: {failed: yes}",
        "phrases: {failed: 5}",
        "phrases: {fialed: Sorry}",
        "remarks: {stop: stop}",
        "clock: {minute_words: {1: uno}}",
        "clock: {hours: [midnight]}",
        "spaces_between_words: 'no'",
        "remarks: {stop: ['']}",
    ],
)
def test_what_yaml_or_a_slip_would_change_is_refused(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.yaml.decode(text, type=Language)


@pytest.mark.parametrize("language", ["xx", "", "EN", "../data/en", "en.yaml", "auto"])
def test_a_language_without_a_file_has_empty_tables(language: str) -> None:
    assert tables_of(language) is UNKNOWN
    assert UNKNOWN.phrases.urgent == []


def test_a_file_is_read_once_and_only_when_its_language_is_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    plain = Path.read_bytes

    def noted(path: Path) -> bytes:
        read.append(path.name)
        return plain(path)

    monkeypatch.setattr(Path, "read_bytes", noted)
    tables._read.cache_clear()
    assert tables_of("en") is tables_of("en")
    assert read == ["en.yaml"]
    tables_of("de")
    assert read == ["en.yaml", "de.yaml"]


def test_what_must_be_said_at_once_is_in_the_language_of_the_voice() -> None:
    assert tables_of("de").phrases.urgent == ["Entschuldigung, da ist etwas schiefgegangen.", "Wie bitte?"]
