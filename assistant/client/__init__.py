"""Talking to the daemon from Python.

    from assistant.client import Client

    with Client() as assistant:
        print(assistant.call("status")["state"])
        for piece in assistant.ask("What is the capital of France?"):
            print(piece, end="")

`AsyncClient` is the same for programs on anyio (asyncio, trio); `connect` makes one. Several requests may be under way
on either. `assistant ipc schema` describes the methods; errors are `AssistantError` with the code that the daemon gave.
"""

from assistant.client.asynchronous import AsyncClient, connect
from assistant.client.plain import Client

__all__ = ["AsyncClient", "Client", "connect"]
