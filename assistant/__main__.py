"""The program's entry: runs the command line and turns errors into one line and an exit status."""

import sys

from assistant.errors import AssistantError
from assistant.host import libraries
from assistant.telemetry.printable import printable


def main() -> None:
    """Run the command line; never returns."""
    libraries.prepare()  # before the commands, some of which import NumPy
    from assistant.cli.app import app

    try:
        app()
    except AssistantError as error:
        print(printable(f"error: {error.code}: {error.message}"), file=sys.stderr)
        sys.exit(error.exit_status)


if __name__ == "__main__":
    main()
