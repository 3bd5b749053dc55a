"""The sequential baseline on a recording, with real engines."""

import pytest

from assistant.audio.decode import read_audio
from assistant.audio.pcm import LISTENING_RATE
from assistant.bench.clips import Clip
from assistant.bench.speed import sequential
from assistant.bench.speed.timing_sink import TimingSink
from assistant.config.schema import Config, Llm
from assistant.engines.engines import Engines
from assistant.errors import AssistantError, Code
from assistant.rooms import recorded_question

pytestmark = pytest.mark.anyio

CONFIG = Config(llm=Llm(max_reply_tokens=24))


async def test_both_pipelines_answer_the_same_question_and_the_baseline_one_stage_after_another(
    engines: Engines, clips: dict[str, Clip]
) -> None:
    clip = clips["q_what_time_is_it_r3"]
    question = read_audio(clip.path, max_s=10)
    ours = await recorded_question.ask(
        engines, CONFIG, question, emit=lambda event: None, true_speech_end_s=clip.speech_end_s, sink=TimingSink()
    )
    theirs = await sequential.ask(engines, CONFIG, question, clip.speech_end_s)
    assert ours.turn.transcript == theirs.transcript == "What time is it?"
    assert ours.turn.heard
    assert theirs.reply
    marks = theirs.marks_ms
    in_order = [marks.commit, marks.transcript, marks.first_token, marks.first_audio, marks.playback]
    assert in_order == sorted(mark or 0 for mark in in_order)
    assert (marks.commit or 0) > sequential.ENDPOINT_MS - 100


async def test_a_recording_without_speech_is_an_error(engines: Engines, clips: dict[str, Clip]) -> None:
    noise = next(clip for clip in clips.values() if clip.kind == "noise")
    silence = read_audio(noise.path, max_s=60)[: LISTENING_RATE // 2] * 0
    with pytest.raises(AssistantError) as raised:
        await sequential.ask(engines, CONFIG, silence, None)
    assert raised.value.code is Code.AUDIO_NO_SPEECH
