"""llama.cpp with a real model: what it emits, how it stops, what it costs, and where it runs."""

import logging
from collections.abc import Callable, Sequence
from contextlib import aclosing
from pathlib import Path

import pytest

from assistant import blocking
from assistant.blocking import Emit, NeverStop, StopFlag
from assistant.config.schema import Device
from assistant.errors import AssistantError, Code
from assistant.llm import llama
from assistant.llm.base import Message, Usage
from assistant.llm.llama import LlamaCpp
from assistant.llm.llama_native import Native, Setup
from assistant.llm.llama_probe import ProbeResult

QUESTION = [Message("system", "You are a helpful voice assistant."), Message("user", "What is the capital of France?")]


class StopAtCheck:
    """A stop flag that is set from the given check on."""

    def __init__(self, check: int) -> None:
        self._checks_left = check

    def is_set(self) -> bool:
        self._checks_left -= 1
        return self._checks_left <= 0


class Listener:
    """Takes pieces of text, and is a stop flag that is set once it has `enough` of them."""

    def __init__(self, enough: int) -> None:
        self._enough = enough
        self.pieces: list[str] = []

    def take(self, piece: str) -> None:
        self.pieces.append(piece)

    def is_set(self) -> bool:
        return len(self.pieces) >= self._enough


def ask(model: LlamaCpp, messages: Sequence[Message], max_tokens: int = 8) -> tuple[list[str], Usage]:
    pieces: list[str] = []
    usage = model.generate(messages, max_tokens=max_tokens, emit=pieces.append, stop=NeverStop())
    return pieces, usage


def about(topic: str) -> list[Message]:
    return [Message("user", f"Tell me a long story about {topic}.")]


def test_a_reply_comes_piece_by_piece(model: LlamaCpp) -> None:
    pieces, usage = ask(model, QUESTION, max_tokens=30)
    assert len("".join(pieces)) > 10
    assert len(pieces) > 3
    assert all(pieces)
    assert usage.generated >= len(pieces)


def test_greedy_generation_gives_the_same_reply_every_time(model: LlamaCpp) -> None:
    first, _ = ask(model, about("rain"))
    ask(model, about("snow"))
    again, _ = ask(model, about("rain"))
    assert first == again


def test_every_token_of_the_prompt_is_either_reused_or_evaluated(model: LlamaCpp) -> None:
    messages = about("a cat and a dog")
    _, usage = ask(model, messages)
    assert usage.reused + usage.evaluated == model.count_tokens(messages)


def test_a_prompt_evaluated_ahead_is_not_evaluated_again(model: LlamaCpp) -> None:
    pieces, ahead = ask(model, about("the first snow of the year"), max_tokens=0)
    assert pieces == []
    assert ahead.generated == 0
    assert ahead.evaluated > 5
    _, usage = ask(model, about("the first snow of the year"))
    assert usage.evaluated == 1


def test_only_what_differs_from_the_last_prompt_is_evaluated(model: LlamaCpp) -> None:
    beginning = "Tell me a story about the old harbour where the fishermen mend their nets"
    ask(model, [Message("user", f"{beginning} at noon")], max_tokens=0)
    _, usage = ask(model, [Message("user", f"{beginning} at night")])
    assert usage.evaluated < 8 < 15 < usage.reused


def test_it_continues_a_reply_at_the_cost_of_a_token(model: LlamaCpp) -> None:
    assert model.shares_processor
    whole, _ = ask(model, about("the sea"), max_tokens=20)
    for tokens in range(3, 13):
        begun, _ = ask(model, about("the sea"), max_tokens=tokens)
        rest, usage = ask(model, [*about("the sea"), Message("assistant", "".join(begun))], max_tokens=20 - tokens)
        assert "".join(begun + rest) == "".join(whole)
        assert usage.evaluated <= 2


def test_a_stop_ends_the_reply_within_a_token(model: LlamaCpp) -> None:
    listener = Listener(enough=3)
    usage = model.generate(about("rain"), max_tokens=200, emit=listener.take, stop=listener)
    assert len(listener.pieces) == 3
    assert usage.generated == 3


def test_a_stop_in_the_prompt_ends_it_within_a_batch_and_keeps_what_was_evaluated(model: LlamaCpp) -> None:
    messages = [Message("user", "one two three four five six seven eight nine ten " * 12)]
    whole = model.count_tokens(messages)
    stopped = model.generate(messages, max_tokens=8, emit=_unexpected, stop=StopAtCheck(4))
    assert 0 < stopped.evaluated < whole / 2
    assert stopped.generated == 0
    _, usage = ask(model, messages)
    assert usage.reused >= stopped.reused + stopped.evaluated


def test_with_the_stop_flag_set_nothing_is_done(model: LlamaCpp) -> None:
    assert model.generate(about("bees"), max_tokens=8, emit=_unexpected, stop=StopAtCheck(1)) == Usage(0, 0, 0)


def test_what_the_listener_raises_comes_out_and_the_model_goes_on(model: LlamaCpp) -> None:
    class GoneError(BaseException):
        pass

    def gone(piece: str) -> None:
        raise GoneError

    with pytest.raises(GoneError):
        model.generate(QUESTION, max_tokens=8, emit=gone, stop=NeverStop())
    assert ask(model, QUESTION)[0]


@pytest.mark.anyio
async def test_a_listener_that_leaves_the_stream_ends_the_reply(model: LlamaCpp) -> None:
    def generate(emit: Emit[str], stop: StopFlag) -> None:
        model.generate(about("a very long river"), max_tokens=200, emit=emit, stop=stop)

    async with aclosing(blocking.stream(generate, name="generation")) as pieces:
        assert [await anext(pieces) for _ in range(3)]
    assert ask(model, QUESTION)[0]


def test_a_prompt_that_does_not_fit_names_the_key_to_change(model: LlamaCpp) -> None:
    with pytest.raises(AssistantError, match=r"llm\.context_tokens \(512\)") as raised:
        ask(model, [Message("user", "word " * 600)])
    assert raised.value.code == Code.LLM_FAILED
    assert ask(model, QUESTION)[0]


def test_a_reply_that_fills_the_context_is_emitted_and_then_an_error(model: LlamaCpp) -> None:
    pieces: list[str] = []
    crowded = [Message("user", "Go on for ever: " + "la la la " * 156)]
    assert 480 < model.count_tokens(crowded) < 508
    with pytest.raises(AssistantError, match=r"llm\.context_tokens") as raised:
        model.generate(crowded, max_tokens=400, emit=pieces.append, stop=NeverStop())
    assert raised.value.code == Code.LLM_FAILED
    assert pieces


@pytest.mark.parametrize("text", ["half a pair: \ud83d", "\udc00", "zero \0 byte", "<|im_end|>", "🙂 你好"])
def test_odd_characters_do_no_harm(model: LlamaCpp, text: str) -> None:
    messages = [Message("user", text)]
    assert model.count_tokens(messages) > 0
    ask(model, messages)


def test_the_model_is_named_after_its_file(model: LlamaCpp, gguf_path: Path) -> None:
    assert model.name == gguf_path.stem
    assert model.device == "cpu"
    assert model.context_tokens == 512


def test_a_context_longer_than_the_model_was_trained_with_is_cut_with_a_warning(
    gguf_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = LlamaCpp(gguf_path, "cpu", context_tokens=16384, threads=1, batch_threads=1)
    try:
        assert model.context_tokens == 8192
        assert "8192" in caplog.text
    finally:
        model.close()


def test_after_closing_calls_are_errors(gguf_path: Path) -> None:
    model = LlamaCpp(gguf_path, "cpu", context_tokens=256, threads=1, batch_threads=1)
    model.close()
    model.close()
    calls: list[Callable[[], object]] = [lambda: ask(model, QUESTION), lambda: model.count_tokens(QUESTION)]
    for call in calls:
        with pytest.raises(AssistantError, match="closed") as raised:
            call()
        assert raised.value.code == Code.LLM_FAILED


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("missing.gguf", None, Code.MODEL_MISSING),
        ("empty.gguf", b"", Code.MODEL_CORRUPT),
        ("page.gguf", b"<html>Not found</html>", Code.MODEL_CORRUPT),
        ("half.gguf", b"GGUF\x03\0\0\0", Code.MODEL_UNLOADABLE),
    ],
)
def test_a_file_that_is_no_model_is_named(tmp_path: Path, name: str, content: bytes | None, code: Code) -> None:
    path = tmp_path / name if content is None else write(tmp_path / name, content)
    with pytest.raises(AssistantError, match=name) as raised:
        LlamaCpp(path, "cpu", context_tokens=256, threads=1, batch_threads=1)
    assert raised.value.code == code


def test_a_folder_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(AssistantError, match=tmp_path.name) as raised:
        LlamaCpp(tmp_path, "cpu", context_tokens=256, threads=1, batch_threads=1)
    assert raised.value.code == Code.MODEL_UNLOADABLE


def test_a_model_cut_off_in_the_middle_is_unloadable(tmp_path: Path, gguf_path: Path) -> None:
    with gguf_path.open("rb") as whole:
        path = write(tmp_path / "cut.gguf", whole.read(4_000_000))
    with pytest.raises(AssistantError, match=r"cut\.gguf") as raised:
        LlamaCpp(path, "cpu", context_tokens=256, threads=1, batch_threads=1)
    assert raised.value.code == Code.MODEL_UNLOADABLE


class Accelerated:
    """The boundary to the accelerators, scripted: what the machine and the probe report, and whether loading works."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, gguf_path: Path) -> None:
        self.path = gguf_path
        self.promised: tuple[str, ...] = ("cuda", "vulkan")
        self.result = ProbeResult(("cuda",), None)
        self.loads = True
        self.probes = 0
        self.offloads: list[bool] = []
        monkeypatch.setattr(llama, "accelerators", lambda: self.promised)
        monkeypatch.setattr(llama, "probe", self._probe)
        monkeypatch.setattr(llama, "Native", self._native)

    def _probe(self, setup: Setup) -> ProbeResult:
        self.probes += 1
        return self.result

    def _native(self, setup: Setup, *, offload: bool) -> Native:
        self.offloads.append(offload)
        if offload and not self.loads:
            raise AssistantError(Code.MODEL_UNLOADABLE, "out of memory")
        return Native(setup, offload=False)

    def device(self, wanted: Device) -> str:
        """Load the model and see what it says it runs on, once it has answered."""
        model = LlamaCpp(self.path, wanted, context_tokens=256, threads=1, batch_threads=1)
        try:
            assert ask(model, QUESTION, max_tokens=2)[0]
            return model.device
        finally:
            model.close()


@pytest.fixture
def accelerated(monkeypatch: pytest.MonkeyPatch, gguf_path: Path) -> Accelerated:
    return Accelerated(monkeypatch, gguf_path)


@pytest.mark.parametrize("wanted", ["auto", "cuda"])
def test_an_accelerator_that_works_is_used_and_reported(accelerated: Accelerated, wanted: Device) -> None:
    assert accelerated.device(wanted) == "cuda"
    assert accelerated.offloads == [True]


def test_the_cpu_is_used_without_looking_further_when_it_is_wanted(accelerated: Accelerated) -> None:
    assert accelerated.device("cpu") == "cpu"
    assert accelerated.probes == 0
    assert accelerated.offloads == [False]


def test_on_a_machine_without_accelerators_auto_probes_none(accelerated: Accelerated) -> None:
    accelerated.promised = ()
    assert accelerated.device("auto") == "cpu"
    assert accelerated.probes == 0


@pytest.mark.parametrize("wanted", ["auto", "cuda"])
def test_an_accelerator_that_crashes_in_its_probe_is_left_alone(
    accelerated: Accelerated, caplog: pytest.LogCaptureFixture, wanted: Device
) -> None:
    accelerated.result = ProbeResult(("cuda",), "SIGABRT: CUDA error")
    assert accelerated.device(wanted) == "cpu"
    assert accelerated.offloads == [False]
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "SIGABRT: CUDA error" in caplog.text


def test_an_accelerator_that_fails_after_its_probe_is_left_for_the_cpu(
    accelerated: Accelerated, caplog: pytest.LogCaptureFixture
) -> None:
    accelerated.loads = False
    assert accelerated.device("auto") == "cpu"
    assert accelerated.offloads == [True, False]
    assert "out of memory" in caplog.text


def test_another_accelerator_than_the_wanted_one_is_not_used(
    accelerated: Accelerated, caplog: pytest.LogCaptureFixture
) -> None:
    accelerated.result = ProbeResult(("vulkan",), None)
    assert accelerated.device("cuda") == "cpu"
    assert "https://xorbitsai.github.io/xllamacpp/whl/cu128" in caplog.text


def test_auto_mentions_the_build_for_the_accelerator_without_a_warning(
    accelerated: Accelerated, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    accelerated.result = ProbeResult((), None)
    assert accelerated.device("auto") == "cpu"
    assert [record.levelname for record in caplog.records if record.name == llama.__name__] == ["INFO"]
    assert "whl/vulkan" in caplog.text


@pytest.mark.parametrize(("wanted", "advice"), [("vulkan", "whl/vulkan"), ("metal", "No build with metal")])
def test_this_build_for_the_cpu_warns_and_runs_there(
    gguf_path: Path, caplog: pytest.LogCaptureFixture, wanted: Device, advice: str
) -> None:
    model = LlamaCpp(gguf_path, wanted, context_tokens=256, threads=1, batch_threads=1)
    try:
        assert model.device == "cpu"
        assert [record.levelname for record in caplog.records] == ["WARNING"]
        assert advice in caplog.text
    finally:
        model.close()


def _unexpected(piece: str) -> None:
    raise AssertionError(piece)
