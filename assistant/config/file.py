"""Reading the configuration file, checking it, and printing the commented default."""

import errno
import os
import re
import select
import textwrap
import time
import typing
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import yaml

from assistant.config import reading
from assistant.config.reading import Lines, Mistake, section_type
from assistant.config.schema import Config, Section, Wake
from assistant.errors import AssistantError, Code

MAX_BYTES = 200_000
"""A configuration larger than this is some other file; the default one with all its comments has 12,000."""

READ_S = 5.0
"""A pipe, as a shell makes it for `--config <(…)`, has so many seconds to come to its end."""

CHECKED = re.compile(r"(?P<name>[a-z_]+): ")
"""The key with which a complaint of a section's own check begins."""


def default_path() -> Path:
    """`$ASSISTANT_CONFIG`, else `assistant/config.yaml` in the user's configuration directory."""
    if named := os.environ.get("ASSISTANT_CONFIG"):
        return Path(named)
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "assistant" / "config.yaml"


def load(path: Path | None) -> Config:
    """The configuration in `path`; None reads `default_path()` if it exists and is the default otherwise.

    Raises `AssistantError`: `config.missing` for a file that is not there, `config.invalid` with one line naming file,
    key and what was expected for one that cannot be used.
    """
    if path is None:
        path = default_path()
        if not path.exists():
            return Config()
    return parse(_read(path), str(path))


def parse(text: str, where: str) -> Config:
    """Check the YAML `text` of the file called `where`. Raises as `load` does."""
    try:
        content, lines = reading.read(text)
    except Mistake as error:
        raise AssistantError(Code.CONFIG_INVALID, f"{where}:{error.line}: {_one_line(error.message)}") from error
    except yaml.YAMLError as error:
        raise AssistantError(
            Code.CONFIG_INVALID, f"{where}{_yaml_position(error, text)}: not YAML: {_one_line(_yaml_problem(error))}"
        ) from error
    try:
        return msgspec.convert(content, Config)
    except msgspec.ValidationError as error:
        raise AssistantError(
            Code.CONFIG_INVALID, f"{where}:{_one_line(_located(str(error), content, lines))}"
        ) from error


def override(config: Config, section: str, key: str, value: object) -> Config:
    """`config` with one key changed by a command-line option. Raises `AssistantError` (`config.invalid`)."""
    content = msgspec.to_builtins(config)
    content[section][key] = value
    try:
        return msgspec.convert(content, Config)
    except msgspec.ValidationError as error:
        raise AssistantError(Code.CONFIG_INVALID, f"command line: {': '.join(_explain(str(error)))}") from error


def with_wake_word(config: Config, word: str) -> Config:
    """`config` with `word` as its only wake word, with its threshold if it has one; without any for "none"."""
    if word == "none":
        return msgspec.structs.replace(config, wake="none")
    wake = Wake() if config.wake == "none" else config.wake
    words = {word: wake.words.get(word, "auto")}
    return msgspec.structs.replace(config, wake=msgspec.structs.replace(wake, words=words))


def render(config: Config) -> str:
    """`config` as YAML, every key with its value."""
    return yaml.safe_dump(msgspec.to_builtins(config), sort_keys=False, allow_unicode=True, width=10_000)


def render_default() -> str:
    """The default configuration as YAML, with a comment above every section and key."""
    lines = ["# Configuration of assistant. Every key is optional; what is left out has the value shown here."]
    for section in msgspec.structs.fields(Config):
        kind = section_type(section.type)
        lines += ["", f"# {_doc(kind)}", f"{section.name}:", *_render_section(kind)]
    return "\n".join(lines) + "\n"


def _read(path: Path) -> str:
    try:
        content = _read_bytes(path)
        if len(content) > MAX_BYTES:
            raise AssistantError(
                Code.CONFIG_INVALID, f"{path}: larger than {MAX_BYTES} bytes, so not a configuration file"
            )
        return content.decode("utf-8")
    except FileNotFoundError as error:
        raise AssistantError(
            Code.CONFIG_MISSING,
            f"{path}: no such file; `assistant config show --default > {path}` writes one to start from",
        ) from error
    except UnicodeDecodeError as error:
        raise AssistantError(
            Code.CONFIG_INVALID, f"{path}: not UTF-8 (byte {error.start}); save it as UTF-8 text"
        ) from error
    except OSError as error:
        raise AssistantError(Code.CONFIG_MISSING, f"{path}: cannot be read: {error.strerror}") from error


def _read_bytes(path: Path) -> bytes:
    """Read up to a byte more than is allowed, of whatever is there, without waiting longer than `READ_S`."""
    opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        content, ends_at = b"", time.monotonic() + READ_S
        while len(content) <= MAX_BYTES:
            if not select.select([opened], [], [], max(0.0, ends_at - time.monotonic()))[0]:
                raise OSError(errno.ETIMEDOUT, "it has not come to its end within 5 s")
            with suppress(BlockingIOError):
                if not (more := os.read(opened, MAX_BYTES + 1 - len(content))):
                    break
                content += more
        return content
    finally:
        os.close(opened)


def _one_line(message: str) -> str:
    """Return `message` without the line ends of what it quotes."""
    return " ".join(message.split())


def _yaml_position(error: yaml.YAMLError, text: str) -> str:
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        return f":{mark.line + 1}:{mark.column + 1}"
    position = getattr(error, "position", None)  # of a character that no YAML has
    return f":{text.count(chr(10), 0, position) + 1}" if isinstance(position, int) else ""


def _yaml_problem(error: yaml.YAMLError) -> str:
    problem = str(getattr(error, "problem", None) or str(error).splitlines()[0])
    return f"{problem}; indent with spaces" if r"'\t'" in problem else problem


def _located(message: str, content: object, lines: Lines) -> str:
    """Return the line, the key and what was expected."""
    key, what = _explain(message)
    line = reading.line_of(lines, key, what)
    return f"{line}: {key or 'top level'}: {what}{_alternatives(key)}{reading.hint(_written(content, key))}"


def _explain(message: str) -> tuple[str, str]:
    """Split msgspec's `Expected … - at `$.asr.model`` and our own `model: … - at `$.asr`` into key and explanation."""
    for json_word, yaml_word in (
        ("`object`", "a mapping"),
        ("`array`", "a list"),
        ("`null`", "nothing (leave the key out for its default)"),
    ):
        message = message.replace(json_word, yaml_word)
    message = message.replace("`str | a mapping`", "none or a mapping").replace("`str | object`", "none or a mapping")
    what, _, at = message.partition(" - at `$")
    key = at.removesuffix("`").lstrip(".")
    if (own := CHECKED.match(what)) and _annotation(key, own["name"]):
        return f"{key}.{own['name']}", what[own.end() :]
    return key, f"{what[:1].lower()}{what[1:]}"


def _alternatives(key: str) -> str:
    """Return the words that `key` takes, where it takes words."""
    section, _, name = key.partition(".")
    annotation = _annotation(section, name)
    options = typing.get_args(annotation.__origin__ if hasattr(annotation, "__metadata__") else annotation)
    words = [option for option in options if isinstance(option, str)]
    return f"; expected one of {', '.join(words)}" if words else ""


def _annotation(section: str, name: str) -> Any:
    kinds = {item.name: section_type(item.type) for item in msgspec.structs.fields(Config)}
    keys = {item.name: item.type for item in msgspec.structs.fields(kinds[section])} if section in kinds else {}
    return keys.get(name)


def _written(content: object, key: str) -> str:
    """Return the text of the value of `key`; empty where it is something else."""
    for name in key.split("."):
        content = content.get(name) if isinstance(content, dict) else None
    return content if isinstance(content, str) else ""


def _render_section(section: type[Section]) -> Iterator[str]:
    for item in msgspec.structs.fields(section):
        description = _description(item.type)
        for line in textwrap.wrap(description, 112):
            yield f"  # {line}"
        yield f"  {item.name}: {_inline(_default(item))}"


def _description(annotation: Any) -> str:
    """The last description in a chain of `Annotated`; inner ones describe the unit, outer ones the key."""
    found = [meta.description for meta in typing.get_args(annotation)[1:] if isinstance(meta, msgspec.Meta)]
    return next((text for text in reversed(found) if text), "")


def _doc(section: type[Section]) -> str:
    return (section.__doc__ or "").strip()


def _default(item: msgspec.structs.FieldInfo) -> object:
    return item.default if item.default is not msgspec.NODEFAULT else item.default_factory()


def _inline(value: object) -> str:
    text = yaml.safe_dump(value, allow_unicode=True, width=10_000, default_flow_style=True)
    return text.removesuffix("\n").removesuffix("\n...")
