"""The layout of the file: every version that there was, and how each becomes the next.

The version is SQLite's `user_version`. Files of version 1 have 0 there, as an empty file has: the first migration has
nothing to do where its tables are.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Migration:
    """One step, which is done in one transaction with the change of `user_version`, or not at all."""

    version: int
    """That the file has afterwards."""
    statements: tuple[str, ...]
    """SQL, each a single statement. They name rooms and limits literally: constants change, old files do not."""


MIGRATIONS = (
    Migration(
        1,
        (
            "CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
            """
            CREATE TABLE IF NOT EXISTS exchange (
                id INTEGER PRIMARY KEY, at REAL NOT NULL, said TEXT NOT NULL, heard TEXT NOT NULL
            )
            """,
        ),
    ),
    Migration(
        2,
        (
            "ALTER TABLE setting RENAME TO setting_1",
            """
            CREATE TABLE setting (
                room TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (room, name)
            ) WITHOUT ROWID
            """,
            "INSERT INTO setting (room, name, value) SELECT 'local', name, value FROM setting_1",
            "DROP TABLE setting_1",
            "ALTER TABLE exchange RENAME TO exchange_1",
            """
            CREATE TABLE exchange (
                id INTEGER PRIMARY KEY, room TEXT NOT NULL, at REAL NOT NULL, said TEXT NOT NULL, heard TEXT NOT NULL
            )
            """,
            "INSERT INTO exchange (id, room, at, said, heard) SELECT id, 'local', at, said, heard FROM exchange_1",
            "DROP TABLE exchange_1",
            "CREATE INDEX exchange_by_room ON exchange (room, id)",
        ),
    ),
    Migration(
        3,
        (
            "CREATE TABLE agenda (id TEXT NOT NULL UNIQUE, entry TEXT NOT NULL)",
            "CREATE TABLE list_item (id INTEGER PRIMARY KEY, list TEXT NOT NULL, item TEXT NOT NULL, at REAL NOT NULL)",
            "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL, at REAL NOT NULL)",
            "CREATE TABLE fact (id INTEGER PRIMARY KEY, key TEXT NOT NULL, text TEXT NOT NULL, at REAL NOT NULL)",
        ),
    ),
)
"""In order, without a gap."""

VERSION = MIGRATIONS[-1].version
"""That this program writes."""


def pending(version: int) -> tuple[Migration, ...]:
    """What a file of `version` still needs, in order; nothing if it is of `VERSION` or newer."""
    return tuple(migration for migration in MIGRATIONS if migration.version > version)
