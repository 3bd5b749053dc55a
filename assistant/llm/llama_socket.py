"""Requests to llama.cpp's HTTP server through its Unix socket, with the standard library alone.

Importing the HTTP client that `openai` uses would add 8 MB and 0.13 s to every start.
"""

import socket
from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from typing import Any

import msgspec

TIMEOUT_S = 30.0
"""Seconds until an answer is given up; counting takes 3 ms, and about 2 s for a million characters."""

MAX_PATH_BYTES = 107
"""Bytes that fit into a `sockaddr_un` besides the closing zero."""

MAX_EXCERPT = 200
"""Characters of a refusal that the exception repeats."""


class SocketClient:
    """A client of the server at the Unix socket `path`, which asks for `key`. Each request has its own connection."""

    def __init__(self, path: str, key: str) -> None:
        self._path = path
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "Connection": "close"}

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        """Return the decoded JSON of the answer.

        Raises `OSError` when the server cannot be reached or is too slow, `HTTPException` when it refuses, and
        `ValueError` when the answer is not JSON.
        """
        with closing(_UnixConnection(self._path)) as connection:
            connection.request(method, path, None if body is None else msgspec.json.encode(body), self._headers)
            response = connection.getresponse()
            content = response.read()
        if response.status != 200:
            complaint = content[:MAX_EXCERPT].decode("utf-8", "replace")
            raise HTTPException(f"{response.status} {response.reason}: {complaint}")
        return msgspec.json.decode(content)


class _UnixConnection(HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("llama.cpp", timeout=TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(TIMEOUT_S)
        self.sock.connect(self._path)
