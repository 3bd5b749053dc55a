"""Recordings for the benchmark, with what is known about them."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
import yaml
from msgspec import Meta

from assistant.errors import AssistantError, Code

RECORDS = "clips.yaml"
"""A folder of clips may hold this file with a record for each; see tests/speech/clips.yaml for its keys."""

REQUESTS = ("question", "command")
"""Kinds of clips that are said to an assistant, and are whole."""

AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".webm"})


class Clip(msgspec.Struct, frozen=True, kw_only=True):
    """One recording. What is not known is None; a clip without a record is only a path."""

    path: Path
    kind: str = "question"
    """question, command, dictation, wakeword or noise."""
    language: str | None = None
    transcript: str | None = None
    transcript_source: str = ""
    """Where the words come from; those of a recogniser are no reference for word error rates."""
    speech_start_s: float | None = None
    speech_end_s: float | None = None
    """The true last moment of speech, which voice-to-voice is measured from."""
    wake_word: str | None = None
    """Said in it, in lower case; perhaps none that the assistant knows."""
    max_inner_pause_s: float | None = None
    """The longest pause between the first word and the last."""
    end_confidence: Annotated[str, Meta(description="high, medium or low")] = "low"

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def has_reference(self) -> bool:
        """Whether the transcript comes from somewhere better than the recogniser that is being measured."""
        return self.transcript is not None and self.transcript_source != "whisper-base"


def read_clips(paths: list[Path]) -> list[Clip]:
    """The clips in `paths`, each a file or a folder (with or without records), in the order given.

    Raises `AssistantError` (`audio.unreadable`) for a path that does not exist or records that cannot be used.
    """
    clips: list[Clip] = []
    for path in paths:
        clips += _read_folder(path) if path.is_dir() else [_read_file(path)]
    return clips


def is_english_request(clip: Clip) -> bool:
    return clip.kind in REQUESTS and clip.language == "en"


def choose(paths: list[Path], recordings: Path, wanted: Callable[[Clip], bool] = lambda clip: True) -> list[Clip]:
    """The clips in `paths`; without any, those in the folder `recordings` that are `wanted`.

    Raises `AssistantError` (`audio.unreadable`) as `read_clips` does, and when there is nothing to measure.
    """
    if paths:
        clips = read_clips(paths)
    elif recordings.is_dir():
        clips = [clip for clip in read_clips([recordings]) if wanted(clip)]
    else:
        raise AssistantError(Code.AUDIO_UNREADABLE, "no recordings come with this installation; name some with --clips")
    if not clips:
        raise AssistantError(Code.AUDIO_UNREADABLE, f"no recordings in {', '.join(map(str, paths))}")
    return clips


def _read_folder(folder: Path) -> list[Clip]:
    records = folder / RECORDS
    if records.exists():
        return _read_records(records)
    return [Clip(path=path) for path in sorted(folder.iterdir()) if path.suffix.lower() in AUDIO_SUFFIXES]


def _read_file(path: Path) -> Clip:
    if not path.exists():
        raise AssistantError(Code.AUDIO_UNREADABLE, f"{path}: no such file")
    for folder in (path.parent, path.parent.parent):
        if (folder / RECORDS).exists():
            known = {clip.path.resolve(): clip for clip in _read_records(folder / RECORDS)}
            return known.get(path.resolve(), Clip(path=path))
    return Clip(path=path)


def _read_records(records: Path) -> list[Clip]:
    try:
        rows = yaml.safe_load(records.read_text(encoding="utf-8"))
        located = [{**row, "path": records.parent / row["file"]} for row in rows]
        return msgspec.convert(located, list[Clip])
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError, TypeError, KeyError) as error:
        raise AssistantError(Code.AUDIO_UNREADABLE, f"{records}: not a list of clip records: {error}") from error
