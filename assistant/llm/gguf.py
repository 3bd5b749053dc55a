"""The vocabulary in a GGUF file, read from its metadata.

The format is https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
llama.cpp reads files in the byte order of its machine, which is little-endian here.
"""

import struct
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from typing import BinaryIO, NamedTuple

TOKENS = "tokenizer.ggml.tokens"
TYPES = "tokenizer.ggml.token_type"

MAX_KEY_BYTES = 65535
"""As the format says."""

MAX_STRING_BYTES = 1 << 24
"""More than any value in use, the longest of which are chat templates."""

MAX_ARRAY_BYTES = 1 << 30
"""More than any array of numbers in use."""

SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
"""Bytes of a value of each type of a fixed size."""

STRING, ARRAY, INT32 = 8, 9, 5


class TokenType(IntEnum):
    """Kinds of tokens, as far as they differ for us."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    """Found in any text before it is cut into other tokens."""


class Token(NamedTuple):
    """A token of a vocabulary."""

    text: str
    type: int
    """A `TokenType`, or another number."""


def read_vocabulary(path: Path) -> list[Token]:
    """Read the tokens of a model: 0.05 s for 49,152. A file without types has normal ones, without tokens none.

    Raises `OSError`, and `ValueError` when the metadata are damaged.
    """
    with path.open("rb") as file:
        reader = _Reader(file)
        texts, types = reader.vocabulary()
    types = types or [TokenType.NORMAL] * len(texts)
    return [Token(text, type_) for text, type_ in zip(texts, types, strict=True)]


class _Reader:
    """Reads metadata up to the last value that is of use."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def vocabulary(self) -> tuple[list[str], list[int]]:
        magic, version, _, pairs = struct.unpack("<4sIQQ", self._bytes(24))
        if magic != b"GGUF" or version < 2:
            raise ValueError(f"it begins with {magic!r}, version {version}")
        texts: list[str] = []
        types: list[int] = []
        for _ in range(pairs):
            key, kind = self._string(MAX_KEY_BYTES).decode(), self._number("<I")
            if key == TOKENS and kind == ARRAY:
                texts = [text.decode("utf-8", "replace") for text in self._strings()]
            elif key == TYPES and kind == ARRAY:
                types = self._integers()
            else:
                self._skip(kind)
            if texts and types:
                break
        return texts, types

    def _bytes(self, size: int) -> bytes:
        read = self._file.read(size)
        if len(read) < size:
            raise ValueError("it ends within its metadata")
        return read

    def _number(self, form: str) -> int:
        (number,) = struct.unpack(form, self._bytes(struct.calcsize(form)))
        return int(number)

    def _string(self, limit: int = MAX_STRING_BYTES) -> bytes:
        length = self._number("<Q")
        if length > limit:
            raise ValueError(f"a text of {length} bytes")
        return self._bytes(length)

    def _strings(self) -> Iterator[bytes]:
        kind, length = self._number("<I"), self._number("<Q")
        if kind != STRING:
            raise ValueError(f"tokens of type {kind}")
        for _ in range(length):
            yield self._string()

    def _integers(self) -> list[int]:
        kind, length = self._number("<I"), self._number("<Q")
        if kind != INT32:
            raise ValueError(f"token types of type {kind}")
        if length > MAX_STRING_BYTES:
            raise ValueError(f"{length} token types")
        return list(struct.unpack(f"<{length}i", self._bytes(4 * length)))

    def _skip(self, kind: int) -> None:
        if kind == STRING:
            self._string()
        elif kind != ARRAY:
            self._bytes(_size(kind))
        else:
            of, length = self._number("<I"), self._number("<Q")
            if of == ARRAY or (of in SIZES and _size(of) * length > MAX_ARRAY_BYTES):
                raise ValueError(f"{length} values of type {of}")
            if of in SIZES:
                self._file.seek(_size(of) * length, 1)
                return
            for _ in range(length):
                self._skip(of)


def _size(kind: int) -> int:
    if kind not in SIZES:
        raise ValueError(f"a value of unknown type {kind}")
    return SIZES[kind]
