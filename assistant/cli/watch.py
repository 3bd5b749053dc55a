"""`assistant watch`: what the running assistant hears, says and does, drawn live in the terminal."""

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
import typer
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from assistant.cli.options import Json, Socket
from assistant.cli.output import print_json
from assistant.cli.waterfall import waterfall
from assistant.events import Marks
from assistant.telemetry.printable import printable

MAX_TURNS = 3
"""Turns whose waterfall is shown, and notes."""

MIN_LEVEL_DB = -60.0
"""The left end of the level meter; a quiet room is at -60 to -50."""

METER_WIDTH = 40
"""Characters of the level meter."""

STATES = {
    "listening": "listening",
    "woken": "listening",
    "follow_up": "listening",
    "fell_asleep": "asleep",
    "speech_started": "hearing",
    "speech_ended": "answering",
    "playback_started": "speaking",
}
"""What the assistant does from an event on."""

SPOKEN_IN = {"woken", "speech_started", "final_transcript"}
"""Events after which the words of their room are shown."""

COLOURS = {
    "asleep": "dim",
    "hearing": "bold green",
    "answering": "bold yellow",
    "speaking": "bold cyan",
    "muted": "red",
}


@dataclass
class View:
    """What is known so far; fed with events, drawn as often as the terminal likes."""

    states: dict[str, str] = field(default_factory=dict)
    """What the assistant does in each room, in the order in which they were opened."""
    room: str = ""
    """Whose level and words are shown: where somebody spoke last."""
    level_db: float = MIN_LEVEL_DB
    speech: float = 0.0
    question: str = ""
    tentative: str = ""
    reply: str = ""
    turns: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=MAX_TURNS))
    notes: deque[str] = field(default_factory=lambda: deque(maxlen=MAX_TURNS))

    def take(self, event: dict[str, Any]) -> None:
        """Note what has happened."""
        event = _printable(event)  # the one way into the picture
        name, room = event["event"], event.get("room", "")
        if name in STATES:
            self.states[room] = STATES[name]
        if name in SPOKEN_IN:
            self.room = room
        if room == self.room:
            self._take_words(event)
        match name:
            case "room_opened":
                self.states.setdefault(room, "asleep")
            case "room_closed":
                self.states.pop(room, None)
            case "muted":
                self.states[room] = "muted" if event["muted"] else "asleep"
            case "turn_finished":
                self.turns.appendleft(event)
            case "error":
                self._note(room, f"{event['code']}: {event['message']}")
            case "lagged" | "audio_dropped" | "load_shed":
                hidden = {"turn", "room"}
                self._note(room, " ".join(f"{key} {value}" for key, value in event.items() if key not in hidden))

    def _take_words(self, event: dict[str, Any]) -> None:
        """Note what is heard and said in the room that is shown."""
        match event["event"]:
            case "level":
                self.level_db, self.speech = event["level_db"], event["speech"]
            case "speech_started":
                self.question = self.tentative = self.reply = ""
            case "partial_transcript":
                self.question, self.tentative = event["stable"], event["tentative"]
            case "final_transcript":
                self.question, self.tentative, self.reply = event["text"], "", ""
            case "reply_text":
                self.reply = f"{self.reply} {event['text']}".strip()

    def draw(self) -> RenderableType:
        """The whole picture."""
        said = Text(self.question, style="bold").append(f" {self.tentative}", style="dim")
        grid = Table.grid(padding=(0, 2))
        grid.add_row("state", self._states())
        grid.add_row("microphone", self._meter())
        grid.add_row(f"you{self._in(self.room)}", said)
        grid.add_row("assistant", Text(self.reply))
        parts: list[RenderableType] = [grid]
        for turn in self.turns:
            parts += ["", self._title(turn), waterfall(msgspec.convert(turn["marks_ms"], Marks))]
        if self.notes:
            parts += ["", Text("\n".join(self.notes), style="yellow")]
        return Panel(Group(*parts), title="assistant", subtitle="Ctrl-C ends this view", expand=True)

    def _note(self, room: str, text: str) -> None:
        where = self._in(room).strip()
        self.notes.appendleft(f"{where}: {text}" if where else text)

    def _in(self, room: str) -> str:
        """Where something happened, for people; empty where there is only one room."""
        return f" in {room}" if room and len({*self.states, room}) > 1 else ""

    def _states(self) -> Text:
        states = self.states or {self.room: "asleep"}
        drawn = [Text(state, style=COLOURS.get(state, "green")) for state in states.values()]
        if len(states) == 1:
            return drawn[0]
        return Text(", ").join(Text(f"{room} ").append(state) for room, state in zip(states, drawn, strict=True))

    def _meter(self) -> Text:
        filled = round(METER_WIDTH * min(1.0, max(0.0, 1 - self.level_db / MIN_LEVEL_DB)))
        bar = Text("█" * filled, style="green" if self.speech >= 0.5 else "blue")
        return bar.append("░" * (METER_WIDTH - filled), style="dim").append(f" {self.level_db:4.0f} dB")

    def _title(self, turn: dict[str, Any]) -> Text:
        playback = turn["marks_ms"].get("playback")
        after = f", answered after {playback:.0f} ms" if playback is not None else ""
        where = self._in(turn["room"])
        return Text(f"turn {turn['turn']}{where}: {turn['end']}{after}", style="bold")


def watch(json: Json = False, socket: Socket = None) -> None:
    """Show live what the assistant hears, says and does, until Ctrl-C. With --json: one event a line."""
    from assistant.client import Client
    from assistant.interfaces.ipc.hub import event_names

    if not json and not Console().is_terminal:
        raise typer.BadParameter("the view needs a terminal; --json prints one event a line", param_hint="watch")
    with Client(socket) as assistant:
        status = assistant.call("status")
        try:
            if json:
                for event in assistant.events():
                    print_json(event)
            else:
                view = View(states=_printable(status["rooms"]), room=printable(status["room"]))
                _show(view, assistant.events(*event_names()))
        except KeyboardInterrupt:
            return


def _printable(content: Any) -> Any:
    """Return `content` with every text in it, names included, as a terminal may have it."""
    if isinstance(content, dict):
        return {printable(name): _printable(value) for name, value in content.items()}
    if isinstance(content, list):
        return [_printable(value) for value in content]
    return printable(content) if isinstance(content, str) else content


def _show(view: View, events: Iterator[dict[str, Any]]) -> None:
    console = Console()
    with Live(view.draw(), console=console, auto_refresh=False, screen=True) as live:
        drawn = 0.0
        for event in events:
            view.take(event)
            if event["event"] != "level" or time.monotonic() - drawn > 0.1:
                live.update(view.draw(), refresh=True)
                drawn = time.monotonic()
