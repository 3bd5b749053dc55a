"""Clients that do what they should not, on a real socket; the conversation does not notice."""

import grp
import os
import socket
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from assistant.events import Listening
from assistant.interfaces.ipc import connection, server
from assistant.interfaces.ipc.access import Access, Peer, Right
from assistant.interfaces.ipc.connection import MAX_MESSAGE_BYTES, MAX_UNDER_WAY, Connection
from assistant.interfaces.ipc.outbox import MAX_EVENTS
from assistant.testing.scripted import ScriptedLoudspeaker
from assistant.testing.stage import QUIET
from tests.interfaces.ipc.served import Line, permissive, raw_socket, served

pytestmark = pytest.mark.anyio


def code(answer: dict[str, object]) -> object:
    error = answer["error"]
    assert isinstance(error, dict)
    return error["data"]["code"]


async def hung_up(client: Line) -> bool:
    """Whether the daemon closes the connection, whatever it says before."""
    try:
        while True:
            await client.read()
    except (anyio.EndOfStream, anyio.BrokenResourceError):
        return True


async def accepted(client: Line, most: int) -> int:
    """Bytes that the daemon takes before it hangs up."""
    sent = 0
    with suppress(anyio.BrokenResourceError):
        while sent < most:
            await client.send(b"a" * 65_536)
            sent += 65_536
    return sent


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"{nonsense\n", "ipc.malformed"),
        (b"\xff\xfe\n", "ipc.malformed"),
        (b"[]\n", "ipc.invalid_request"),
        (b'{"jsonrpc": "2.0", "id": 1}\n', "ipc.invalid_request"),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "fly"}\n', "ipc.unknown_method"),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "ask"}\n', "ipc.invalid_params"),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "ask", "params": {"text": 7}}\n', "ipc.invalid_params"),
    ],
)
async def test_a_wrong_message_is_answered_and_the_next_is_carried_out(
    sent: bytes, expected: str, tmp_path: Path
) -> None:
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        await client.send(b"\n \n" + sent)
        assert code(await client.read()) == expected
        assert "result" in await client.call("status")


async def test_messages_may_come_in_pieces_and_several_at_once(tmp_path: Path) -> None:
    message = b'{"jsonrpc": "2.0", "id": 1, "method": "volume"}\n'
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        for number in range(len(message)):
            await client.send(message[number : number + 1])
        await client.send(message * 100)
        answers = [await client.read() for _ in range(101)]
        assert all(answer["result"] == {"volume": 1.0} for answer in answers)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
async def test_the_last_message_needs_no_line_end(mark: bytes, tmp_path: Path) -> None:
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        await client.send(mark + b'{"jsonrpc": "2.0", "id": 1, "method": "volume", "params": null}')
        await client.stream.send_eof()
        assert (await client.read())["result"] == {"volume": 1.0}
        assert await hung_up(client)


async def test_half_a_message_is_an_error(tmp_path: Path) -> None:
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        await client.send(b'{"jsonrpc": "2.0",')
        await client.stream.send_eof()
        assert code(await client.read()) == "ipc.malformed"
        assert await hung_up(client)


async def test_a_message_that_is_never_finished_ends_the_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "UNFINISHED_S", 0.05)
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        await client.send(b'{"jsonrpc": "2.0",')
        assert code(await client.read()) == "ipc.malformed"
        assert await hung_up(client)


async def test_bytes_that_drip_do_not_prolong_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "UNFINISHED_S", 0.2)
    async with served(tmp_path) as daemon, Line(daemon.path) as client, anyio.create_task_group() as tasks:

        async def drip() -> None:
            with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                while True:
                    await client.send(b" ")
                    await anyio.sleep(0.02)

        tasks.start_soon(drip)
        assert code(await client.read()) == "ipc.malformed"
        tasks.cancel_scope.cancel()


async def test_whole_messages_may_come_for_as_long_as_they_like(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "UNFINISHED_S", 0.2)
    line = b'{"jsonrpc": "2.0", "id": 1, "method": "status"}\n'
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        await client.send(line[:10])
        for _ in range(8):
            await anyio.sleep(0.05)
            await client.send(line[10:] + line[:10])
            assert "result" in await client.read()


async def test_a_message_without_an_end_is_not_kept(tmp_path: Path) -> None:
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        assert await accepted(client, 10**9) < 20 * MAX_MESSAGE_BYTES
        async with Line(daemon.path) as other:
            assert "result" in await other.call("status")


async def test_a_message_that_is_too_long_is_an_error(tmp_path: Path) -> None:
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        await client.send(b" " * (MAX_MESSAGE_BYTES + 1))
        assert code(await client.read()) == "ipc.too_long"
        assert await hung_up(client)


async def test_a_user_without_rights_is_refused_with_a_reason(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    config = permissive(control=[], read=[])
    async with served(tmp_path, config=config, owner=os.getuid() + 1) as daemon, Line(daemon.path) as client:
        assert code(await client.read()) == "ipc.forbidden"
        assert await hung_up(client)
    assert f"user {os.getuid()} " in caplog.text


async def test_a_user_who_may_only_read_cannot_control(tmp_path: Path) -> None:
    config = permissive(control=[], read=[f"@{_group()}"])
    async with served(tmp_path, config=config, owner=os.getuid() + 1) as daemon, Line(daemon.path) as client:
        assert "result" in await client.call("status")
        assert "result" in await client.call("subscribe")
        assert code(await client.call("say", text="Hello.")) == "ipc.forbidden"
        assert code(await client.call("shutdown")) == "ipc.forbidden"


async def test_only_its_owner_and_its_group_can_open_the_socket(tmp_path: Path) -> None:
    async with served(tmp_path) as daemon:
        assert daemon.path.stat().st_mode & 0o777 == 0o660


async def test_too_many_clients_are_refused_with_a_reason(tmp_path: Path) -> None:
    config = permissive(max_clients=2)
    async with served(tmp_path, config=config) as daemon, Line(daemon.path) as one, Line(daemon.path) as two:
        await one.call("status")
        await two.call("status")
        async with Line(daemon.path) as three:
            assert code(await three.read()) == "ipc.busy"
            assert await hung_up(three)
        assert "result" in await one.call("status")


async def test_another_user_cannot_shut_the_owner_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    users = iter([1001] * 9 + [1002] * 9 + [os.getuid()] * 3)
    monkeypatch.setattr(server, "peer_of", lambda connection: Peer(1, next(users), frozenset()))
    monkeypatch.setattr(Access, "right", lambda access, peer: Right.CONTROL)
    async with served(tmp_path, config=permissive(max_clients=16)) as daemon, AsyncExitStack() as lines:
        clients = [await lines.enter_async_context(Line(daemon.path)) for _ in range(21)]
        busy = []
        for client in clients:
            with suppress(anyio.BrokenResourceError):  # who is refused is hung up on
                await client.request("status")
            busy.append("error" in await client.read())
    assert busy[:9] == [False] * 8 + [True], "one user has half of the sixteen at most"
    assert busy[9:18] == [False] * 6 + [True] * 3, "two are reserved"
    assert busy[18:] == [False] * 2 + [True]


async def test_a_thousand_connections_are_refused_or_served(tmp_path: Path) -> None:
    async with served(tmp_path, config=permissive(max_clients=50)) as daemon:
        clients = [Line(daemon.path) for _ in range(1000)]
        refused = 0
        for client in clients:
            async with client:
                await client.request("status")
                refused += "error" in await client.read()
        assert refused == 0
        async with anyio.create_task_group() as tasks:
            for _ in range(1000):
                tasks.start_soon(_ask_for_status, daemon.path)
        async with Line(daemon.path) as client:
            assert "result" in await client.call("status")


async def test_too_many_requests_of_one_client_are_refused(tmp_path: Path) -> None:
    loudspeaker = ScriptedLoudspeaker(room=1)
    async with served(tmp_path, loudspeaker=loudspeaker) as daemon, Line(daemon.path) as client:
        for number in range(MAX_UNDER_WAY + 1):
            await client.request("say", id=number, text="Word.")
        refused = await client.read()
        assert (refused["id"], code(refused)) == (MAX_UNDER_WAY, "ipc.busy")
        assert "result" in await client.call("status", id="s")


async def test_two_requests_under_way_have_different_ids(tmp_path: Path) -> None:
    loudspeaker = ScriptedLoudspeaker(room=1)
    async with served(tmp_path, loudspeaker=loudspeaker) as daemon, Line(daemon.path) as client:
        await client.request("say", id=1, text="Word.")
        await client.request("say", id=1, text="Word.")
        assert code(await client.read()) == "ipc.invalid_request"


async def test_who_reads_too_slowly_loses_the_oldest_events_and_learns_how_many(tmp_path: Path) -> None:
    async with served(tmp_path) as daemon, Line(daemon.path) as slow:
        raw_socket(slow).setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await slow.call("subscribe")
        emitted = 0
        while not daemon.server.dropped:
            daemon.emit(Listening(turn=emitted))
            emitted += 1
            if emitted % 50 == 0:
                await anyio.wait_all_tasks_blocked()
        for _ in range(MAX_EVENTS):
            daemon.emit(Listening(turn=emitted))
            emitted += 1
        seen, lagged = 0, 0
        while seen + lagged < emitted:
            message = await slow.read()
            lagged += message["params"]["dropped"] if message["method"] == "lagged" else 0
            seen += message["method"] == "event"
        assert lagged == daemon.server.dropped


async def test_who_never_reads_loses_the_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "STUCK_S", 0.05)
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        await client.call("subscribe")
        for number in range(5000):
            daemon.emit(Listening(turn=number))
            if number % 50 == 0:
                await anyio.wait_all_tasks_blocked()
        while daemon.server.clients:
            await anyio.lowlevel.checkpoint()


async def test_a_client_that_sends_without_a_pause_delays_no_other(tmp_path: Path) -> None:
    message = b'{"jsonrpc": "2.0", "method": "volume"}\n' * 1000
    async with served(tmp_path) as daemon, Line(daemon.path) as rude, anyio.create_task_group() as tasks:

        async def flood() -> None:
            while True:
                await rude.send(message)

        tasks.start_soon(flood)
        async with Line(daemon.path) as client:
            for number in range(20):
                assert "result" in await client.call("status", id=number)
        tasks.cancel_scope.cancel()


async def test_a_defect_is_an_error_and_not_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(tmp_path) as daemon, Line(daemon.path) as client:

        def broken() -> str:
            raise ZeroDivisionError

        monkeypatch.setattr(daemon.running.metrics, "text", broken)
        assert code(await client.call("metrics")) == "ipc.internal"
        assert "result" in await client.call("status")
    assert "ZeroDivisionError" in caplog.text


async def test_not_even_one_outside_of_any_method(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(self: Connection) -> None:
        raise ZeroDivisionError

    async with served(tmp_path) as daemon:
        with monkeypatch.context() as patch:
            patch.setattr(Connection, "serve", broken)
            async with Line(daemon.path) as client:
                assert await hung_up(client)
        async with Line(daemon.path) as client:
            assert "result" in await client.call("status")
    assert "ZeroDivisionError" in caplog.text


async def test_file_descriptors_that_no_method_takes_are_closed(tmp_path: Path) -> None:
    async with served(tmp_path) as daemon, Line(daemon.path) as client:
        read_end, write_end = os.pipe()
        message = b'{"jsonrpc": "2.0", "id": 1, "method": "volume"}\n'
        await client.stream.send_fds(message, [write_end])
        os.close(write_end)
        assert "result" in await client.read()
        assert await anyio.to_thread.run_sync(os.read, read_end, 1) == b"", "the other end is still open"
        os.close(read_end)


async def test_a_conversation_does_not_notice(tmp_path: Path) -> None:
    async with served(tmp_path, config=QUIET) as daemon:
        async with anyio.create_task_group() as rude:
            for sent in (b"\xff" * 1000 + b"\n", b"a" * 300_000, b'{"jsonrpc": "2.0",', b"[" * 10_000 + b"\n"):
                rude.start_soon(_send_and_go, daemon.path, sent)
            await daemon.stage.ask()
        turn = await daemon.stage.turn_finished()
        assert turn.heard == turn.spoken == "It is noon, I think. Or later."


async def _send_and_go(path: Path, data: bytes) -> None:
    async with Line(path) as client:
        try:
            await client.send(data)
        except anyio.BrokenResourceError:
            return


async def _ask_for_status(path: Path) -> None:
    async with Line(path) as client:
        await client.request("status")
        answer = await client.read()
        assert "result" in answer or code(answer) == "ipc.busy"


def _group() -> str:
    return grp.getgrgid(os.getgid()).gr_name
