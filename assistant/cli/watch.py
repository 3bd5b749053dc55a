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
from assistant.cli.waterfall import waterfall
from assistant.events import Marks

MAX_TURNS = 3
"""Turns whose waterfall is shown, and notes."""

MIN_LEVEL_DB = -60.0
"""The left end of the level meter; a quiet room is at -60 to -50."""

METER_WIDTH = 40
"""Characters of the level meter."""

STATES = {
    "ready": "listening",
    "listening": "listening",
    "woken": "listening",
    "follow_up": "listening",
    "fell_asleep": "asleep",
    "speech_started": "hearing",
    "speech_ended": "answering",
    "playback_started": "speaking",
}
"""What the assistant does from an event on."""

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

    state: str = "asleep"
    level_db: float = MIN_LEVEL_DB
    speech: float = 0.0
    question: str = ""
    tentative: str = ""
    reply: str = ""
    turns: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=MAX_TURNS))
    notes: deque[str] = field(default_factory=lambda: deque(maxlen=MAX_TURNS))

    def take(self, event: dict[str, Any]) -> None:
        """Note what has happened."""
        name = event["event"]
        self.state = STATES.get(name, self.state)
        match name:
            case "level":
                self.level_db, self.speech = event["level_db"], event["speech"]
            case "muted":
                self.state = "muted" if event["muted"] else "asleep"
            case "speech_started":
                self.question = self.tentative = self.reply = ""
            case "partial_transcript":
                self.question, self.tentative = event["stable"], event["tentative"]
            case "final_transcript":
                self.question, self.tentative, self.reply = event["text"], "", ""
            case "reply_text":
                self.reply = f"{self.reply} {event['text']}".strip()
            case "turn_finished":
                self.turns.appendleft(event)
            case "error":
                self.notes.appendleft(f"{event['code']}: {event['message']}")
            case "lagged" | "audio_dropped" | "load_shed":
                self.notes.appendleft(" ".join(f"{key} {value}" for key, value in event.items() if key != "turn"))

    def draw(self) -> RenderableType:
        """The whole picture."""
        said = Text(self.question, style="bold").append(f" {self.tentative}", style="dim")
        grid = Table.grid(padding=(0, 2))
        grid.add_row("state", Text(self.state, style=COLOURS.get(self.state, "green")))
        grid.add_row("microphone", self._meter())
        grid.add_row("you", said)
        grid.add_row("assistant", Text(self.reply))
        parts: list[RenderableType] = [grid]
        for turn in self.turns:
            parts += ["", self._title(turn), waterfall(msgspec.convert(turn["marks_ms"], Marks))]
        if self.notes:
            parts += ["", Text("\n".join(self.notes), style="yellow")]
        return Panel(Group(*parts), title="assistant", subtitle="Ctrl-C ends this view", expand=True)

    def _meter(self) -> Text:
        filled = round(METER_WIDTH * min(1.0, max(0.0, 1 - self.level_db / MIN_LEVEL_DB)))
        bar = Text("█" * filled, style="green" if self.speech >= 0.5 else "blue")
        return bar.append("░" * (METER_WIDTH - filled), style="dim").append(f" {self.level_db:4.0f} dB")

    def _title(self, turn: dict[str, Any]) -> Text:
        playback = turn["marks_ms"].get("playback")
        after = f", answered after {playback:.0f} ms" if playback is not None else ""
        return Text(f"turn {turn['turn']}: {turn['end']}{after}", style="bold")


def watch(json: Json = False, socket: Socket = None) -> None:
    """Show live what the assistant hears, says and does, until Ctrl-C. With --json: one event a line."""
    from assistant.client import Client
    from assistant.interfaces.ipc.hub import event_names

    if not json and not Console().is_terminal:
        raise typer.BadParameter("the view needs a terminal; --json prints one event a line", param_hint="watch")
    with Client(socket) as assistant:
        state = assistant.call("status")["state"]
        try:
            if json:
                for event in assistant.events():
                    typer.echo(msgspec.json.encode(event))
            else:
                _show(View(state=state), assistant.events(*event_names()))
        except KeyboardInterrupt:
            return


def _show(view: View, events: Iterator[dict[str, Any]]) -> None:
    console = Console()
    with Live(view.draw(), console=console, auto_refresh=False, screen=True) as live:
        drawn = 0.0
        for event in events:
            view.take(event)
            if event["event"] != "level" or time.monotonic() - drawn > 0.1:
                live.update(view.draw(), refresh=True)
                drawn = time.monotonic()
