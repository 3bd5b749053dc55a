"""HTTP through a Unix socket, with a real server at its other end."""

import json
import tempfile
import threading
from collections.abc import Iterator
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from typing import Any

import pytest

from assistant.llm.llama_socket import SocketClient


class Handler(BaseHTTPRequestHandler):
    """Returns the request at /echo, text at /text, and refuses everything else."""

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""

    def _answer(self, body: bytes) -> None:
        request = {"method": self.command, "body": body.decode(), "key": self.headers["Authorization"]}
        status, content = {"/echo": (200, json.dumps(request)), "/text": (200, "no JSON")}.get(
            self.path, (500, "broken")
        )
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content.encode())


@pytest.fixture
def path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder) / "socket"


@pytest.fixture
def client(path: Path) -> Iterator[SocketClient]:
    with ThreadingUnixStreamServer(str(path), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield SocketClient(str(path), "secret")
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("body", "sent"), [(None, ""), ({"text": "Grüße"}, '{"text":"Grüße"}')])
def test_a_request_carries_its_body_and_the_key(client: SocketClient, body: dict[str, Any] | None, sent: str) -> None:
    method = "GET" if body is None else "POST"
    assert client.ask(method, "/echo", body) == {"method": method, "body": sent, "key": "Bearer secret"}


def test_a_refusal_is_raised_with_its_status_and_reason(client: SocketClient) -> None:
    with pytest.raises(HTTPException, match=r"500 .*: broken"):
        client.ask("GET", "/props", None)


def test_an_answer_that_is_not_json_is_a_value_error(client: SocketClient) -> None:
    with pytest.raises(ValueError, match="JSON"):
        client.ask("GET", "/text", None)


def test_a_socket_that_is_gone_is_an_os_error(path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        SocketClient(str(path), "secret").ask("GET", "/echo", None)
