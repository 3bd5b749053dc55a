"""Files as every earlier version of the program left them, written by the SQL of that version.

What stands here never changes: it is what lies on the disks of users.
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from assistant.store.exchanges import Exchange

AT = 1_000_000.0
"""When everything in these files was said."""

LAYOUT_1 = """
    PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS exchange (
        id INTEGER PRIMARY KEY, at REAL NOT NULL, said TEXT NOT NULL, heard TEXT NOT NULL
    );
"""


LAYOUT_2 = """
            CREATE TABLE setting (
                room TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (room, name)
            ) WITHOUT ROWID
            ;
            CREATE TABLE exchange (
                id INTEGER PRIMARY KEY, room TEXT NOT NULL, at REAL NOT NULL, said TEXT NOT NULL, heard TEXT NOT NULL
            );
            CREATE INDEX exchange_by_room ON exchange (room, id);
            PRAGMA user_version = 2;
"""
"""With the line ends and spaces of its program, since a layout is told by the text of its statements."""


@dataclass(frozen=True)
class OldFile:
    """A file of `version`, and what it held in words of today."""

    name: str
    version: int
    script: str
    settings: tuple[tuple[str, str, str], ...] = ()
    """Room, name and JSON, sorted."""
    exchanges: tuple[tuple[str, Exchange], ...] = ()
    """With their rooms, oldest first."""

    def __str__(self) -> str:
        return self.name

    def write(self, path: Path) -> None:
        path.touch()
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(self.script)


FILES = (
    OldFile("no byte", 0, ""),
    OldFile("no table", 0, "PRAGMA journal_mode = WAL"),
    OldFile("version 1, begun", 0, "CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL)"),
    OldFile("version 1, no row", 1, LAYOUT_1),
    OldFile(
        "version 1",
        1,
        LAYOUT_1
        + f"""
            INSERT OR REPLACE INTO setting VALUES ('muted', 'true');
            INSERT OR REPLACE INTO setting VALUES ('volume', '0.4');
            INSERT INTO exchange (at, said, heard) VALUES ({AT}, 'forgotten', 'Yes.');
            INSERT INTO exchange (at, said, heard) VALUES ({AT}, 'what time is it', 'It is noon.');
            INSERT INTO exchange (at, said, heard) VALUES ({AT}, 'wie spät ist es', 'Zwölf Uhr.');
            DELETE FROM exchange WHERE id = 1;
        """,
        settings=(("local", "muted", "true"), ("local", "volume", "0.4")),
        exchanges=(
            ("local", Exchange("what time is it", "It is noon.")),
            ("local", Exchange("wie spät ist es", "Zwölf Uhr.")),
        ),
    ),
    OldFile(
        "version 2",
        2,
        LAYOUT_2
        + f"""
            INSERT INTO setting VALUES ('kitchen', 'volume', '0.3');
            INSERT INTO setting VALUES ('local', 'muted', 'false');
            INSERT INTO exchange (room, at, said, heard) VALUES ('kitchen', {AT}, 'what time is it', 'It is noon.');
        """,
        settings=(("kitchen", "volume", "0.3"), ("local", "muted", "false")),
        exchanges=(("kitchen", Exchange("what time is it", "It is noon.")),),
    ),
)
