"""Asks a daemon for its status all the time, in a process of its own so that no attack holds it up.

    python -m tests.attacks.prober SOCKET

Prints the longest round trip in milliseconds since the line before, for every line on standard input.
"""

import selectors
import socket
import sys
import time

from assistant.interfaces.ipc.rpc import request

PAUSE_S = 0.01
"""Between two requests."""

SILENCE_S = 30.0
"""A daemon that does not answer for so long has ended."""


def main(path: str) -> None:
    """Probe until standard input ends, or the daemon does."""
    longest_s = 0.0
    commands = selectors.DefaultSelector()
    commands.register(sys.stdin, selectors.EVENT_READ)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(SILENCE_S)
        connection.connect(path)
        with connection.makefile("rwb") as lines:
            while True:
                began = time.monotonic()
                lines.write(request(1, "status", {}))
                lines.flush()
                if not lines.readline():
                    return
                longest_s = max(longest_s, time.monotonic() - began)
                if commands.select(PAUSE_S):
                    if not sys.stdin.readline():
                        return
                    print(round(longest_s * 1000, 1), flush=True)
                    longest_s = 0.0


if __name__ == "__main__":
    main(sys.argv[1])
