"""The command group: which suites there are, and speed where none is named."""

from typing import Any

import typer
from typer.core import TyperGroup

from assistant.cli.bench import answers, conversation, load, soak, speed

DEFAULT_SUITE = "speed"


class SuiteGroup(TyperGroup):
    """Runs `DEFAULT_SUITE` when the first argument is an option, or there is none."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # Any: typer's own context class is private
        """Insert the default suite; `--suite NAME`, as scripts have it, is the command NAME."""
        for number, argument in enumerate(args):
            if argument == "--suite" or argument.startswith("--suite="):
                _, separate, name = argument.partition("=")
                suite = [name] if separate else args[number + 1 : number + 2]
                args = [*suite, *args[:number], *args[number + 1 + (not separate) :]]
                break
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = [DEFAULT_SUITE, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=SuiteGroup)
app.command("speed")(speed.speed)
app.command("conversation")(conversation.conversation)
app.command("answers")(answers.answers)
app.command("load")(load.load)
app.command("soak")(soak.soak)


@app.callback()
def bench() -> None:
    """Measure the assistant on recordings. Without a command: speed."""
