"""YAML as people write it: a value is read as what its key holds, not as what YAML 1.1 takes it for.

To YAML 1.1 `no` (Norwegian) is false, `on` true, `1e-1` text, `22:30` the number 1350 and `2024-01-31` a date. Here the
type of the key in `schema.py` decides: text stays text as it is written, and words for yes and no are understood where
a key can be switched on and off.
"""

import re
import types
import typing
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, Literal

import msgspec
import yaml

from assistant.config.schema import Config, Section, Wake

YES = frozenset({"true", "yes", "on", "y", "1"})
NO = frozenset({"false", "no", "off", "n", "0"})

NULLS = frozenset({"", "~", "null", "Null", "NULL"})

SWITCHED_OFF: dict[str, str | int] = {
    "audio.input": "none",
    "audio.output": "none",
    "wake.follow_up_s": 0,
    "wake.follow_up_question_s": 0,
    "sound.quiet_hours": "",
    "wyoming.listen": "",
    "metrics.http_port": 0,
    "metrics.otlp_endpoint": "",
    "state.history_hours": 0,
}
"""Keys whose value may also be `off`, `no`, `false` or `none` without quotes, and what that means."""

RENAMED = {"turns.certainty": "turns.end_threshold"}
"""Keys of earlier versions and their names today. A file that has one is refused with its new name."""

NUMBER = re.compile(r"[+-]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:e[+-]?[0-9]+)?", re.ASCII | re.IGNORECASE)

STANDARD_TAG = "tag:yaml.org,2002:"

MAX_DEPTH = 16
"""Of sections and lists in each other; the deepest value of a configuration is at 3. A deeper one is refused while it
is read: 5,000 brackets took Python's YAML 1.9 s, in which the event loop stood still for a second, waiting its turn."""

BRACKETS = re.compile(rf"(?:[\[{{]\s*){{{MAX_DEPTH + 1}}}")
"""More in a row than may be in each other. YAML looks a thousand of them ahead, in 0.3 s, before the first is out."""

TOO_DEEP = f"nested more than {MAX_DEPTH} deep"

Lines = dict[str, int]
"""The line, from 1, of each key that the file gives, with its section; of the file itself as ''."""


class Mistake(Exception):
    """Something that no configuration has, at `line` (from 1)."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


class _Loader(yaml.SafeLoader):
    """Reads what is not nested too deeply. Raises `Mistake` at the first node that is."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Count how deep it is."""
        if self.depth > MAX_DEPTH:
            raise Mistake(self.line + 1, TOO_DEEP)
        self.depth += 1
        node: yaml.Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node


def read(text: str) -> tuple[object, Lines]:
    """Read `text` into what `msgspec.convert` makes a `Config` of, and note the line of each key.

    Raises `Mistake` and `yaml.YAMLError`.
    """
    if brackets := BRACKETS.search(text):
        raise Mistake(text.count("\n", 0, brackets.start()) + 1, TOO_DEEP)
    node = yaml.compose(text, Loader=_Loader)
    lines: Lines = {"": 1}
    if node is None or _is_null(node):
        return {}, lines
    if not isinstance(node, yaml.MappingNode):
        return _misplaced(node), lines
    content: dict[str, object] = {}
    sections = {item.name: item.type for item in msgspec.structs.fields(Config)}
    for name, value in _members(node, "", sections, lines):
        if name == "wake" and _is_written_null(value):
            raise Mistake(_line(value), "wake: write none for no wake words, or leave the key out for its default")
        if not _is_null(value):  # a section whose keys are all commented out
            content[name] = _section_of(value, name, sections[name], lines)
    return content, lines


def line_of(lines: Lines, key: str, message: str) -> int:
    """Return the line that a complaint about `key` means: that of a key which `message` names, where there is one."""
    named = [lines[f"{key}.{word}"] for word in re.findall(r"\w+", message) if f"{key}.{word}" in lines]
    while key and key not in lines:
        key = key.rpartition(".")[0]
    return max(named, default=lines[key])


def hint(written: str) -> str:
    """Return how a number is written that people write as `written`; empty where it is none."""
    if re.fullmatch(r"[+-]?\d*,\d+", written):
        return f"; write {written.replace(',', '.')}"
    if found := re.fullmatch(r"([+-]?[\d.]+)\s*%", written):
        return f"; write {float(found[1]) / 100:g}" if NUMBER.fullmatch(found[1]) else ""
    if (found := re.fullmatch(r"([+-]?[\d.]+)\s*[^\W\d_]+", written)) and NUMBER.fullmatch(found[1]):
        return f"; write the number alone, {found[1]}, in the unit of the key"
    return ""


def _section_of(node: yaml.Node, name: str, annotation: Any, lines: Lines) -> object:
    kind = section_type(annotation)
    if isinstance(node, yaml.MappingNode):
        keys = {item.name: item.type for item in msgspec.structs.fields(kind)}
        return {key: _value(node, keys[key], f"{name}.{key}") for key, node in _members(node, name, keys, lines)}
    if kind is Wake and isinstance(node, yaml.ScalarNode):
        word = node.value.casefold()
        if word in NO | {"none"}:
            return "none"
        if word in YES - {"1"}:
            return {}
    return _misplaced(node)


def section_type(annotation: Any) -> type[Section]:
    """Return the section that a key of the file holds, also where a word may stand in its place."""
    found: type[Section] = next(iter(typing.get_args(annotation)), annotation)
    return found


def _members(node: yaml.MappingNode, section: str, known: dict[str, Any], lines: Lines) -> Iterator[tuple[str, Any]]:
    """Yield each key and its value, of keys that are known and given once. Notes the lines."""
    for name, line, value in _keys(node, section):
        full = f"{section}.{name}" if section else name
        if name not in known:
            raise Mistake(line, _unknown(section, name, full, list(known)))
        lines[full] = line
        yield name, value


def _keys(node: yaml.MappingNode, within: str) -> Iterator[tuple[str, int, yaml.Node]]:
    """Yield each key, its line and its value. Raises `Mistake` for one that is given twice."""
    first: dict[str, int] = {}
    for key, value in node.value:
        line = _line(key)
        if not isinstance(key, yaml.ScalarNode):
            raise Mistake(line, f"{within or 'top level'}: a key is a word")
        full = f"{within}.{key.value}" if within else key.value
        if key.value in first:
            raise Mistake(line, f"{full}: given twice, first on line {first[key.value]}; keep one")
        first[key.value] = line
        yield key.value, line, value


def _unknown(section: str, name: str, full: str, known: list[str]) -> str:
    if full in RENAMED:
        return f"{full}: renamed to {RENAMED[full]}"
    return f"{full}: unknown key; expected one of {', '.join(known)}{_meant(section, name, known)}"


def _meant(section: str, name: str, known: list[str]) -> str:
    plain = name.casefold().replace("-", "_")
    places = {item.name: section_type(item.type) for item in msgspec.structs.fields(Config)}
    found = [place for place, kind in places.items() if plain in kind.__struct_fields__ and place != section]
    above, _, below = plain.rpartition(".")
    if above in places:
        return f"; write {below} in the section {above}"
    if plain not in known and found:
        return f"; {plain} is a key of {' and of '.join(found)}"
    near = get_close_matches(plain, known, n=1, cutoff=0.7)
    return f"; perhaps {near[0]} is meant" if near else ""


def _value(node: yaml.Node, annotation: Any, key: str) -> object:
    """Read the value of `key`; what does not fit its type comes as YAML has it, for `msgspec.convert` to refuse."""
    kind = _bare(annotation)
    if typing.get_origin(kind) is dict:
        return _table(node, typing.get_args(kind)[1], key)
    if typing.get_origin(kind) is list:
        of = typing.get_args(kind)[0]
        if isinstance(node, yaml.SequenceNode):
            return [_value(item, of, key) for item in node.value]
        return _misplaced(node) if isinstance(node, yaml.MappingNode) or _is_null(node) else [_value(node, of, key)]
    if not isinstance(node, yaml.ScalarNode) or _is_null(node):
        return _misplaced(node)
    _check_tag(node, key)
    if key in SWITCHED_OFF and node.style is None and node.value.casefold() in (NO - {"0"}) | {"none"}:
        return SWITCHED_OFF[key]
    found = _scalar(node.value, kind)
    return _misplaced(node) if found is None else found


def _table(node: yaml.Node, of: Any, key: str) -> object:
    """Read the wake words with their thresholds, which may be left out."""
    if isinstance(node, yaml.MappingNode):
        return {name: "auto" if _is_null(value) else _value(value, of, key) for name, _, value in _keys(node, key)}
    if isinstance(node, yaml.SequenceNode):
        return {str(_value(item, str, key)): "auto" for item in node.value}
    return _misplaced(node) if _is_null(node) else {str(_value(node, str, key)): "auto"}


def _scalar(written: str, kind: Any) -> object:
    """Return what `written` means for a key of type `kind`; None where it means nothing."""
    if kind is str:
        return written
    if kind is bool:
        word = written.casefold()
        return True if word in YES else False if word in NO else None
    if kind in (int, float):
        return _number(written, kind)
    if typing.get_origin(kind) is Literal:
        return _option(written, typing.get_args(kind))
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        found = (_scalar(written, _bare(of)) for of in typing.get_args(kind))
        return next((value for value in found if value is not None), None)
    raise TypeError(kind)


def _number(written: str, kind: type) -> float | None:
    if kind is int and re.fullmatch(r"0x[0-9a-fA-F]+", written):
        return int(written, 16)
    if not NUMBER.fullmatch(written):
        return None
    try:
        number = float(written)
    except (ValueError, OverflowError):  # `1__0`
        return None
    return int(number) if kind is int and number.is_integer() else number


def _option(written: str, options: tuple[str, ...]) -> str:
    """Return the option that is meant. Words for yes and no are on and off; case does not matter."""
    word = written.casefold()
    if word not in options and {"on", "off"} <= set(options):
        word = "on" if word in YES else "off" if word in NO else word
    return word if word in options else written


def _check_tag(node: yaml.Node, key: str) -> None:
    if not node.tag.startswith(STANDARD_TAG):
        raise Mistake(_line(node), f"{key}: {node.tag} is not understood here; write the value itself")


def _bare(annotation: Any) -> Any:
    """Return the type without the bounds and descriptions around it."""
    while hasattr(annotation, "__metadata__"):
        annotation = annotation.__origin__
    return annotation


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.style is None and node.value in NULLS


def _is_written_null(node: yaml.Node) -> bool:
    return _is_null(node) and bool(node.value)


def _misplaced(node: yaml.Node) -> object:
    """Return something of the type that YAML sees, for the message that refuses it."""
    if isinstance(node, yaml.SequenceNode):
        return []
    if isinstance(node, yaml.MappingNode):
        return {}
    if not isinstance(node, yaml.ScalarNode) or _is_null(node):
        return None
    number = _number(node.value, int) if node.style is None else None
    return node.value if number is None else number


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
