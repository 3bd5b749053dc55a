"""The recordings that the benchmark plays, with their records: kind, transcript, where speech begins and ends."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
import yaml
from msgspec import Meta

from assistant.errors import AssistantError, Code

RECORDS = "clips.yaml"
"""File in a folder of clips with a record for each; the repository's tests/speech/clips.yaml shows the keys."""

REQUESTS = ("question", "command")
"""Kinds of clips that hold a complete request to an assistant."""

MAX_CLIP_S = 120.0
"""Longest recording that the benchmark plays: it plays in real time."""

AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".webm"})


class Clip(msgspec.Struct, frozen=True, kw_only=True):
    """One recording. Unknown fields are None; a clip without a record has only its path."""

    path: Path
    kind: str = "question"
    """question, command, dictation, talk, wakeword, near_miss (resembles a wake word) or noise."""
    language: str | None = None
    transcript: str | None = None
    transcript_source: str = ""
    """Origin of the transcript; a recogniser's own output is no reference for word error rates."""
    speech_start_s: float | None = None
    speech_end_s: float | None = None
    """True end of speech, from which voice-to-voice is measured."""
    wake_word: str | None = None
    """Wake word in the clip, in lower case; not necessarily one that the assistant knows."""
    max_inner_pause_s: float | None = None
    """Longest pause between the first word and the last."""
    end_confidence: Annotated[str, Meta(description="high, medium or low")] = "low"

    @property
    def name(self) -> str:
        """File name without its suffix."""
        return self.path.stem

    @property
    def has_reference(self) -> bool:
        """Whether there is a transcript that does not come from the recogniser under test."""
        return self.transcript is not None and self.transcript_source != "whisper-base"


def read_clips(paths: list[Path]) -> list[Clip]:
    """Return the clips in `paths`, each a file or a folder (with or without records), in the order given.

    Raises `AssistantError` (`audio.unreadable`) for a path that does not exist or records that cannot be parsed.
    """
    clips: list[Clip] = []
    for path in paths:
        clips += _read_folder(path) if path.is_dir() else [_read_file(path)]
    return clips


def is_english_request(clip: Clip) -> bool:
    """Whether `clip` is an English question or command."""
    return clip.kind in REQUESTS and clip.language == "en"


def choose(paths: list[Path], recordings: Path, wanted: Callable[[Clip], bool] = lambda clip: True) -> list[Clip]:
    """Return the clips in `paths`, or without any, those in the folder `recordings` that are `wanted`.

    Raises `AssistantError` (`audio.unreadable`) as `read_clips` does, and when there is nothing to measure.
    """
    if paths:
        clips = read_clips(paths)
    elif recordings.is_dir():
        clips = [clip for clip in read_clips([recordings]) if wanted(clip)]
    else:
        raise AssistantError(
            Code.AUDIO_UNREADABLE,
            "the installed package has no recordings; name files or folders with --clips, or run the benchmark from a "
            "checkout of the repository, which has some in tests/speech",
        )
    if not clips:
        raise AssistantError(Code.AUDIO_UNREADABLE, f"no recordings in {', '.join(map(str, paths or [recordings]))}")
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
