"""What somebody asked to be kept in their own words: notes, and facts about themselves."""

from functools import partial
from sqlite3 import Connection

from assistant.errors import AssistantError, Code
from assistant.store.database import Database

MAX_TEXTS = 500
"""Of each kind."""


class Notes:
    """The table `note`: in memory and, once the methods that change it return, on the disk."""

    def __init__(self, database: Database) -> None:
        self._database = database
        rows = database.read("SELECT text FROM note ORDER BY id")
        self._texts = [text for (text,) in rows if isinstance(text, str)]

    @property
    def texts(self) -> tuple[str, ...]:
        """The notes, oldest first."""
        return tuple(self._texts)

    async def add(self, text: str) -> None:
        """Keep a note. Raises `AssistantError` (`notes.full`, `state.unwritable`), and then nothing changed."""
        if len(self._texts) >= MAX_TEXTS:
            raise AssistantError(Code.NOTES_FULL, f"there are {MAX_TEXTS} notes; delete some first")
        self._texts.append(text)
        self._database.write(partial(_add_note, text=text, now=self._database.now()))
        await self._database.written()

    async def remove(self, texts: tuple[str, ...]) -> None:
        """Forget notes, each once; not a word of them stays. Raises `AssistantError` (`state.unwritable`)."""
        for text in texts:
            self._texts.remove(text)
        self._database.write(partial(_remove_notes, texts=texts))
        await self._database.written()


class Facts:
    """The table `fact`: what somebody wants remembered, with a key where it has one, such as their name."""

    def __init__(self, database: Database) -> None:
        self._database = database
        rows = database.read("SELECT key, text FROM fact ORDER BY id")
        self._facts = [(key, text) for key, text in rows if isinstance(key, str) and isinstance(text, str)]

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Key, which may be empty, and text of each, oldest first."""
        return tuple(self._facts)

    def get(self, key: str) -> str:
        """The fact with `key`; empty where there is none."""
        return next((text for each, text in reversed(self._facts) if each == key), "")

    async def add(self, key: str, text: str) -> None:
        """Keep a fact, in the place of one with the same key. Raises `AssistantError` (`notes.full`,
        `state.unwritable`)."""
        if len(self._facts) >= MAX_TEXTS:
            raise AssistantError(Code.NOTES_FULL, f"there are {MAX_TEXTS} things to remember; forget some first")
        self._facts = [fact for fact in self._facts if not key or fact[0] != key] + [(key, text)]
        self._database.write(partial(_add_fact, key=key, text=text, now=self._database.now()))
        await self._database.written()

    async def remove(self, facts: tuple[tuple[str, str], ...]) -> None:
        """Forget facts; not a word of them stays. Raises `AssistantError` (`state.unwritable`)."""
        self._facts = [fact for fact in self._facts if fact not in facts]
        self._database.write(partial(_remove_facts, facts=facts))
        await self._database.written()


def _add_note(connection: Connection, *, text: str, now: float) -> bool:
    connection.execute("INSERT INTO note (text, at) VALUES (?, ?)", (text, now))
    return False


def _remove_notes(connection: Connection, *, texts: tuple[str, ...]) -> bool:
    query = "DELETE FROM note WHERE id = (SELECT id FROM note WHERE text = ? ORDER BY id DESC LIMIT 1)"
    connection.executemany(query, [(text,) for text in texts])
    return True


def _add_fact(connection: Connection, *, key: str, text: str, now: float) -> bool:
    replaced = connection.execute("DELETE FROM fact WHERE key = ? AND key != ''", (key,)).rowcount
    connection.execute("INSERT INTO fact (key, text, at) VALUES (?, ?, ?)", (key, text, now))
    return replaced > 0


def _remove_facts(connection: Connection, *, facts: tuple[tuple[str, str], ...]) -> bool:
    connection.executemany("DELETE FROM fact WHERE key = ? AND text = ?", facts)
    return True
