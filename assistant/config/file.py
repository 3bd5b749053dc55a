"""Reading the configuration file, checking it, and printing the commented default."""

import os
import textwrap
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml

from assistant.config.schema import Config, Section, Wake
from assistant.errors import AssistantError, Code

MAX_BYTES = 1_000_000
"""A configuration larger than this is some other file."""

RENAMED = {"turns.certainty": "turns.end_threshold"}
"""Keys of earlier versions and their names today. A file that has one is refused with its new name."""


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
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise AssistantError(
            Code.CONFIG_INVALID, f"{where}{_yaml_position(error)}: not YAML: {_yaml_problem(error)}"
        ) from error
    except RecursionError as error:
        raise AssistantError(Code.CONFIG_INVALID, f"{where}: not YAML: nested too deeply") from error
    try:
        return msgspec.convert(_without_empty_sections(content), Config)
    except msgspec.ValidationError as error:
        raise AssistantError(Code.CONFIG_INVALID, f"{where}: {_explain(str(error))}") from error


def override(config: Config, section: str, key: str, value: object) -> Config:
    """`config` with one key changed by a command-line option. Raises `AssistantError` (`config.invalid`)."""
    content = msgspec.to_builtins(config)
    content[section][key] = value
    try:
        return msgspec.convert(content, Config)
    except msgspec.ValidationError as error:
        raise AssistantError(Code.CONFIG_INVALID, f"command line: {_explain(str(error))}") from error


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
        kind = _section(section.type)
        lines += ["", f"# {_doc(kind)}", f"{section.name}:", *_render_section(kind)]
    return "\n".join(lines) + "\n"


def _without_empty_sections(content: object) -> object:
    """A section whose keys are all commented out is null in YAML and means the default."""
    if isinstance(content, dict):
        return {key: value for key, value in content.items() if value is not None}
    return {} if content is None else content


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise AssistantError(
                Code.CONFIG_INVALID, f"{path}: larger than {MAX_BYTES} bytes, so not a configuration file"
            )
        return path.read_text(encoding="utf-8")
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


def _yaml_position(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f":{mark.line + 1}:{mark.column + 1}" if mark is not None else ""


def _yaml_problem(error: yaml.YAMLError) -> str:
    return str(getattr(error, "problem", None) or str(error).splitlines()[0])


def _explain(message: str) -> str:
    """msgspec's `Expected … - at `$.asr.model`` as `asr.model: expected …`."""
    for json_word, yaml_word in (
        ("`object`", "a mapping"),
        ("`array`", "a list"),
        ("`null`", "nothing (leave the key out for its default)"),
    ):
        message = message.replace(json_word, yaml_word)
    message = message.replace("`str | a mapping`", "none or a mapping").replace("`str | object`", "none or a mapping")
    what, _, at = message.partition(" - at `$")
    key = at.removesuffix("`").lstrip(".") or "top level"
    unknown = what.removeprefix("Object contains unknown field ")
    if unknown != what:
        name = unknown.strip("`")
        full = name if key == "top level" else f"{key}.{name}"
        if full in RENAMED:
            return f"{full}: renamed to {RENAMED[full]}"
        return f"{full}: unknown key; expected one of {', '.join(_known_keys(key))}"
    return f"{key}: {what[:1].lower()}{what[1:]}"


def _known_keys(key: str) -> list[str]:
    sections = {item.name: _section(item.type) for item in msgspec.structs.fields(Config)}
    return [item.name for item in msgspec.structs.fields(sections.get(key, Config))]


def _section(annotation: Any) -> type[Section]:
    """The section that a key of the file holds, also where a word may stand in its place."""
    found: type[Section] = next(iter(typing.get_args(annotation)), annotation)
    return found


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
