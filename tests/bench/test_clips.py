"""Which recordings the benchmark plays, and what their records say."""

import shutil
from pathlib import Path

import pytest

from assistant.bench.clips import Clip, choose, is_english_request, read_clips
from assistant.errors import AssistantError, Code

SPEECH = Path(__file__).parents[1] / "speech"


def test_without_paths_the_wanted_recordings_of_the_folder_are_chosen() -> None:
    assert choose([], SPEECH) == read_clips([SPEECH])
    chosen = choose([], SPEECH, is_english_request)
    assert len(chosen) > 15
    assert {clip.kind for clip in chosen} == {"question", "command"}
    assert {clip.language for clip in chosen} == {"en"}


def test_a_file_of_a_folder_with_records_keeps_its_record(clips: dict[str, Clip]) -> None:
    clip = clips["q_what_time_is_it_r3"]
    assert read_clips([clip.path]) == [clip]
    assert clip.transcript == "What time is it?"


def test_a_file_without_a_record_has_only_its_path(tmp_path: Path, clips: dict[str, Clip]) -> None:
    shutil.copy(clips["cmd_yes"].path, tmp_path / "own.wav")
    (clip,) = read_clips([tmp_path])
    assert clip.name == "own"
    assert clip.transcript is None
    assert not clip.has_reference


def test_a_transcript_by_whisper_is_no_reference() -> None:
    clip = Clip(path=Path("a.wav"), transcript="Yes.", transcript_source="whisper-base")
    assert not clip.has_reference


@pytest.mark.parametrize("rows", ["- 5", "- {kind: question}", "[", "- {file: a.wav, speech_end_s: late}"])
def test_records_that_cannot_be_parsed_name_their_file(tmp_path: Path, rows: str) -> None:
    (tmp_path / "clips.yaml").write_text(rows)
    with pytest.raises(AssistantError, match=r"clips\.yaml: not a list of clip records") as caught:
        read_clips([tmp_path])
    assert caught.value.code == Code.AUDIO_UNREADABLE


def test_nothing_to_measure_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AssistantError, match="no such file"):
        choose([tmp_path / "none.wav"], SPEECH)
    with pytest.raises(AssistantError, match="no recordings in"):
        choose([tmp_path], SPEECH)


def test_an_installation_without_recordings_says_how_to_get_some(tmp_path: Path) -> None:
    with pytest.raises(AssistantError, match="--clips, or run the benchmark from a checkout") as caught:
        choose([], tmp_path / "nothing")
    assert caught.value.code == Code.AUDIO_UNREADABLE


def test_every_committed_recording_has_a_licence_and_a_source() -> None:
    import yaml

    rows = yaml.safe_load((SPEECH / "clips.yaml").read_text(encoding="utf-8"))
    assert {row["file"] for row in rows} == {f"clips/{path.name}" for path in (SPEECH / "clips").iterdir()}
    for row in rows:
        assert row["licence"], row["file"]
        assert row["source_repo"], row["file"]
