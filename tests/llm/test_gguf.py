"""The vocabulary of a model file, and files that are damaged."""

import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.llm.gguf import Token, TokenType, read_vocabulary


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def pair(key: str, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


def array(kind: int, values: list[bytes]) -> bytes:
    return struct.pack("<IQ", kind, len(values)) + b"".join(values)


PAIRS = [
    pair("general.name", 8, text("Tiny")),
    pair("sizes", 9, array(4, [struct.pack("<I", 7)] * 3)),
    pair("names", 9, array(8, [text("a"), text("b")])),
    pair("flag", 7, b"\1"),
    pair("tokenizer.ggml.tokens", 9, array(8, [text("the"), text("<|im_end|>")])),
    pair("tokenizer.ggml.token_type", 9, array(5, [struct.pack("<i", 1), struct.pack("<i", 3)])),
]
MODEL = struct.pack("<4sIQQ", b"GGUF", 3, 0, len(PAIRS)) + b"".join(PAIRS)
TOKENS = [Token("the", TokenType.NORMAL), Token("<|im_end|>", TokenType.CONTROL)]


def read(folder: Path, content: bytes) -> list[Token]:
    path = folder / "m.gguf"
    path.write_bytes(content)
    return read_vocabulary(path)


def test_tokens_have_their_types(tmp_path: Path) -> None:
    assert read(tmp_path, MODEL) == TOKENS


def test_a_real_model_has_its_control_tokens(gguf_path: Path) -> None:
    controls = {token.text for token in read_vocabulary(gguf_path) if token.type == TokenType.CONTROL}
    assert {"<|im_start|>", "<|im_end|>", "<repo_name>"} <= controls


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(MODEL) - 1), st.binary(max_size=9))
def test_a_damaged_file_is_read_or_refused(tmp_path: Path, position: int, damage: bytes) -> None:
    for content in (MODEL[:position], MODEL[:position] + damage + MODEL[position + len(damage) :]):
        try:
            assert read(tmp_path, content) is not None
        except ValueError:
            continue


def test_a_file_that_ends_early_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="ends within"):
        read(tmp_path, MODEL[:-1])
