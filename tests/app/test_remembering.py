"""The daemon starts where nothing can be kept, and says so."""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from assistant.app.daemon import open_store_or_memory
from assistant.app.status import describe
from assistant.config.schema import Config
from assistant.errors import AssistantError, Code


def test_where_the_disk_refuses_it_remembers_in_memory_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "state.db"
    with caplog.at_level(logging.ERROR), closing(open_store_or_memory(path, 12)) as store:
        assert str(path) in store.trouble
        assert store.trouble in caplog.text
        shown = describe("speaking", Config(), [], [], store.trouble)
    assert shown.startswith("speaking; remembering until the next start only: ")
    assert str(path) in shown


def test_where_it_does_not_nothing_is_said(tmp_path: Path) -> None:
    with closing(open_store_or_memory(tmp_path / "state.db", 12)) as store:
        assert describe("speaking", Config(), [], [], store.trouble) == "speaking"


def test_the_file_of_a_newer_program_is_refused_and_not_replaced_by_memory(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 1000")
    with pytest.raises(AssistantError) as refused:
        open_store_or_memory(path, 12)
    assert refused.value.code is Code.STORE_NEWER
