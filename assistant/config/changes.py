"""A changed configuration: what of it holds at once, and what needs a restart."""

from collections.abc import Iterator

import msgspec

from assistant.config.schema import Config

RESTART = frozenset(
    {
        "audio.echo_cancellation",
        "audio.noise_suppression",
        "ipc.enabled",
        "ipc.max_clients",
        "wyoming",
        "metrics",
        "state",
    }
)
"""Sections and keys that only a daemon that is started anew follows."""

DEVICES = frozenset({"audio.input", "audio.output"})
"""The same for these, where one of the two configurations has no sound card."""


def changed_keys(before: Config, after: Config) -> tuple[list[str], list[str]]:
    """The keys whose value differs: those that can be followed at once, and those that need a restart."""
    keys = list(differences(before, after))
    restart = RESTART if before.audio.has_sound == after.audio.has_sound else RESTART | DEVICES
    live = [key for key in keys if key not in restart and key.partition(".")[0] not in restart]
    return live, [key for key in keys if key not in live]


def merge(before: Config, after: Config) -> Config:
    """`before` with what of `after` can be followed at once."""
    content = msgspec.to_builtins(before)
    for key in changed_keys(before, after)[0]:
        section, _, name = key.partition(".")
        if name:
            content[section][name] = msgspec.to_builtins(getattr(getattr(after, section), name))
        else:
            content[section] = msgspec.to_builtins(getattr(after, section))
    return msgspec.convert(content, Config)


def differences(before: Config, after: Config) -> Iterator[str]:
    """The keys whose value differs, with their section; a section alone where it is a word or becomes one."""
    for section in msgspec.structs.fields(Config):
        old, new = getattr(before, section.name), getattr(after, section.name)
        if type(old) is not type(new) or isinstance(old, str):
            if old != new:  # `wake: none` in place of the section, or the other way round
                yield section.name
            continue
        for item in msgspec.structs.fields(type(old)):
            if getattr(old, item.name) != getattr(new, item.name):
                yield f"{section.name}.{item.name}"
