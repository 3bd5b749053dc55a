"""Commands that talk to the running daemon."""

from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from assistant.cli.options import Json, Room, Socket
from assistant.cli.output import print_json
from assistant.cli.typed_text import typed_text
from assistant.telemetry.printable import printable

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells count it."""

LAYOUT = "\n\t"
"""Control characters that a text may have."""

Words = Annotated[list[str] | None, typer.Argument(metavar="TEXT", help="Without it: standard input.")]


def status(room: Room = "", json: Json = False, socket: Socket = None) -> None:
    """What the assistant is doing, and with what."""
    found = _call(socket, "status", room=room)
    if json:
        print_json(found)
        return
    grid = Table.grid(padding=(0, 2))
    for name, value in _lines(found):
        grid.add_row(f"[bold]{name}[/bold]", escape(printable(value)))
    Console().print(grid)


def ask(
    words: Words = None,
    speak: Annotated[bool, typer.Option("--speak", help="Have it answered aloud as well.")] = False,
    room: Room = "",
    json: Json = False,
    socket: Socket = None,
) -> None:
    """Ask a question; the answer is printed while it is being written."""
    from assistant.client import Client

    text = typed_text(words)
    with Client(socket) as assistant:
        if json:
            print_json(assistant.call("ask", text=text, speak=speak, room=room))
            return
        try:
            for piece in assistant.ask(text, speak=speak, room=room):
                typer.echo(printable(piece, keep=LAYOUT), nl=False)
        except KeyboardInterrupt as interrupt:
            typer.echo()  # hanging up has given the question up
            raise typer.Exit(INTERRUPTED) from interrupt
        typer.echo()


def say(
    words: Words = None,
    priority: Annotated[
        Literal["low", "normal", "high"], typer.Option("--priority", help="Which is said first of those that wait.")
    ] = "normal",
    interrupt: Annotated[
        bool, typer.Option("--interrupt", help="Now, over what is being said; for alarms and warnings.")
    ] = False,
    room: Room = "",
    json: Json = False,
    socket: Socket = None,
) -> None:
    """Announce something aloud; ends when it has been said. Ctrl-C takes it back."""
    from assistant.client import Client

    text = typed_text(words)
    with Client(socket) as assistant:
        try:
            said = assistant.call("say", text=text, priority=priority, interrupt=interrupt, room=room)
        except KeyboardInterrupt as given_up:
            raise typer.Exit(INTERRUPTED) from given_up
    if json:
        print_json(said)
    elif not said["complete"]:
        heard = printable(said["heard"])
        typer.echo(f"interrupted after: {heard}" if heard else "interrupted", err=True)
    if not said["complete"]:
        raise typer.Exit(1)


def listen(room: Room = "", json: Json = False, socket: Socket = None) -> None:
    """Listen, as if the wake word had been said."""
    _print(json, _call(socket, "listen", room=room), "It listens.")


def stop(
    waiting: Annotated[bool, typer.Option("--all", help="Forget the announcements that wait, too.")] = False,
    room: Room = "",
    json: Json = False,
    socket: Socket = None,
) -> None:
    """Stop what is being said."""
    found = _call(socket, "stop", waiting=waiting, room=room)
    _print(json, found, "Stopped." if found["stopped"] else "Nothing was being said.")


def mute(room: Room = "", json: Json = False, socket: Socket = None) -> None:
    """Switch the microphone off; the device is closed."""
    _print(json, _call(socket, "mute", muted=True, room=room), "The microphone is off.")


def unmute(room: Room = "", json: Json = False, socket: Socket = None) -> None:
    """Switch the microphone on again."""
    _print(json, _call(socket, "mute", muted=False, room=room), "The microphone is on.")


def volume(
    percent: Annotated[float | None, typer.Argument(metavar="[PERCENT]", min=0, max=100, help="0 to 100.")] = None,
    room: Room = "",
    json: Json = False,
    socket: Socket = None,
) -> None:
    """Set how loud everything is, or show it."""
    found = _call(socket, "volume", level=None if percent is None else percent / 100, room=room)
    _print(json, found, f"Volume {found['volume']:.0%}")


def history(
    clear: Annotated[bool, typer.Option("--clear", help="Forget it.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many of the latest exchanges.")] = 100,
    room: Room = "",
    json: Json = False,
    socket: Socket = None,
) -> None:
    """Show what was said before, as far as the language model remembers it."""
    if clear:
        found = _call(socket, "history.clear", room=room)
        _print(json, found, f"{found['forgotten']} exchanges forgotten.")
        return
    found = _call(socket, "history.get", limit=limit, room=room)
    if json:
        print_json(found)
        return
    console = Console()
    for exchange in found["exchanges"]:
        said, heard = (escape(printable(exchange[name], keep=LAYOUT)) for name in ("said", "heard"))
        console.print(f"[bold]{said}[/bold]\n  {heard}", soft_wrap=True)


def timers(
    cancel: Annotated[
        str | None, typer.Option("--cancel", metavar="ID|all", help="Take one away, or all of them.")
    ] = None,
    json: Json = False,
    socket: Socket = None,
) -> None:
    """Show the timers, alarms and reminders that are set. `assistant ask "set a timer for …"` sets one."""
    if cancel is not None:
        found = _call(socket, "timers.cancel", timer="" if cancel == "all" else cancel)
        _print(json, found, f"{found['cancelled']} cancelled.")
        return
    found = _call(socket, "timers.get")
    if json:
        print_json(found)
        return
    table = Table("", "kind", "due", "name", "room", box=None, pad_edge=False)
    for timer in found["timers"]:
        due = "paused" if timer["paused"] else timer["due"].replace("T", " ")
        columns = (timer["id"], timer["kind"], due, timer["name"], timer["room"])
        table.add_row(*(escape(printable(column)) for column in columns))
    Console().print(table if found["timers"] else "Nothing is set.")


def lists(json: Json = False, socket: Socket = None) -> None:
    """Show what is on the shopping list and all others."""
    found = _call(socket, "lists.get")
    if json:
        print_json(found)
        return
    console = Console()
    for name, items in found["lists"].items():
        console.print(f"[bold]{escape(printable(name))}[/bold]")
        for item in items:
            console.print(f"  {escape(printable(item))}", soft_wrap=True)


def reload(json: Json = False, socket: Socket = None) -> None:
    """Have the configuration read again."""
    found = _call(socket, "reload")
    if json:
        print_json(found)
        return
    typer.echo(f"Changed: {', '.join(found['applied']) or 'nothing'}.")
    if found["restart"]:
        typer.echo(f"After a restart: {', '.join(found['restart'])}.")


def metrics(json: Json = False, socket: Socket = None) -> None:
    """Print counters and histograms in Prometheus's text format."""
    found = _call(socket, "metrics")
    if json:
        print_json(found)
    else:
        typer.echo(printable(found["text"], keep=LAYOUT), nl=False)


def shutdown(json: Json = False, socket: Socket = None) -> None:
    """End the daemon."""
    _print(json, _call(socket, "shutdown"), "It ends.")


def _call(socket: Socket, method: str, **params: Any) -> dict[str, Any]:
    from assistant.client import Client

    with Client(socket) as assistant:
        found: dict[str, Any] = assistant.call(method, **params)
        return found


def _print(json: bool, found: dict[str, Any], sentence: str) -> None:
    if json:
        print_json(found)
    else:
        typer.echo(printable(sentence))


def _lines(found: dict[str, Any]) -> list[tuple[str, str]]:
    """The status for people: names and values."""
    hours, minutes = divmod(int(found["uptime_s"]) // 60, 60)
    engines = [f"{model} on {found['devices'][stage]}" for stage, model in found["models"].items()]
    return [
        *_lines_about_room(found),
        ("models", ", ".join(engines)),
        ("turns so far", str(found["turn"])),
        ("running", f"{hours} h {minutes:02} min, process {found['pid']}, version {found['version']}"),
        ("socket", f"{found['socket']}, {found['clients']} clients"),
        *([("wyoming", f"{found['wyoming_clients']} clients")] if found["wyoming_clients"] else []),
    ]


def _lines_about_room(found: dict[str, Any]) -> list[tuple[str, str]]:
    """The room that the status is about, and where there are several, the state of each."""
    echo = {True: "yes", False: "not yet", None: "only before it answers (no echo cancellation)"}[found["echo_free"]]
    rooms = [("rooms", ", ".join(f"{name} ({state})" for name, state in found["rooms"].items()))]
    lines = [
        ("room", found["room"]),
        *(rooms if len(found["rooms"]) > 1 else []),
        ("state", found["state"] + (f", {found['waiting']} announcements wait" if found["waiting"] else "")),
    ]
    if found["state"] == "silent":
        return [*lines, ("sound", "none: this room answers in text only")]
    return [
        *lines,
        ("wake words", ", ".join(found["wake_words"]) or "none needed"),
        ("microphone", found["microphone"] + (" (off)" if found["muted"] else "")),
        ("loudspeaker", f"{found['loudspeaker']}, volume {found['volume']:.0%}"),
        ("can be spoken over", echo),
    ]
