"""What the daemon is doing, in words, for `systemctl status`."""

from collections.abc import Sequence

from assistant.config.schema import Config

WORDS = {
    "listening": "listening",
    "hearing": "hearing speech",
    "answering": "preparing an answer",
    "speaking": "speaking",
    "muted": "the microphone is switched off (`assistant unmute`)",
    "deaf": "there is no microphone",
}
"""What each state of a conversation is called."""


def describe(state: str, config: Config, missing: Sequence[str], others: Sequence[str], trouble: str = "") -> str:
    """Describe `state`, as of `Room.state`.

    `missing` says in a sentence each which devices are not there; `others` are the names of the other rooms; `trouble`
    is why nothing is remembered after the end of the process.
    """
    doing = _doing(state, config, missing, others)
    return f"{doing}; remembering until the next start only: {trouble}" if trouble else doing


def _doing(state: str, config: Config, missing: Sequence[str], others: Sequence[str]) -> str:
    if missing:
        return f"{'; '.join(missing)}; trying again"
    if state == "silent":
        return f"no sound card of its own; rooms: {', '.join(others) or 'none connected'}"
    if state == "asleep" and config.wake != "none":
        return f"listening for {', '.join(config.wake.words)}"
    return WORDS.get(state, state)


def loading(names: str, done: float) -> str:
    """Models are being loaded, of which the part `done` (0 to 1) is there."""
    return f"loading {names} … {done:.0%}" if names else "starting"
