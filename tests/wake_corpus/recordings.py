"""Recorded people in the corpus: what telephone exchanges say in five languages, from Debian's packages.

Asterisk's prompts by Allison Smith (English, Spanish), June Wallack (French), Carlo Flora (Italian) and Maxim Topal
(Russian) are CC-BY-SA-3.0 (the Russian ones CC-BY-3.0), its music on hold by several artists CC-BY-SA-3.0.
"""

import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np

from assistant.audio.pcm import LISTENING_RATE, Samples

PACKAGES = (
    *(f"asterisk-core-sounds-{language}-g722" for language in ("en", "es", "fr", "it", "ru")),
    "asterisk-moh-opsound-g722",
)

TALK = {
    "train": ("en_US_f_Allison", "it_IT_m_Carlo"),
    "choose": ("fr_CA_f_June",),
    "held_out": ("en_US_f_Allison", "es_MX_f_Allison", "ru_RU_f_IvrvoiceRU"),
}
"""Folders of the packages for each part; of the English prompts, half are for training."""

SHORTEST_S = 0.25


def fetch(folder: Path) -> None:
    """Download and unpack the packages into `folder`, unless they are there; they are not installed."""
    if (folder / "usr").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["apt-get", "download", *PACKAGES], cwd=folder, check=True)
    for package in folder.glob("*.deb"):
        subprocess.run(["dpkg", "-x", str(package), str(folder)], check=True)


def talk(folder: Path, part: str) -> Iterator[tuple[str, str, Samples]]:
    """Yield the name, the language and the samples of each prompt for `part`."""
    for speaker in TALK[part]:
        for path in sorted((folder / "usr/share/asterisk/sounds" / speaker).rglob("*.g722")):
            is_for_training = zlib.crc32(path.name.encode()) % 2 == 0
            if "silence" in path.parts or (speaker in TALK["train"][:1] and is_for_training != (part == "train")):
                continue
            samples = _read(path)
            if len(samples) > SHORTEST_S * LISTENING_RATE:
                yield f"{speaker}_{path.parent.name}_{path.stem}", speaker[:2], samples


def music(folder: Path) -> Iterator[tuple[str, Samples]]:
    """Yield the name and the samples of each piece of music."""
    for path in sorted(folder.rglob("moh*/*.g722")):
        yield path.stem, _read(path)


def _read(path: Path) -> Samples:
    with av.open(str(path), format="g722") as container:
        frames = [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
    return np.concatenate([*frames, np.zeros(0, np.int16)]).astype(np.float32) / np.float32(32768)
