import subprocess
import sys

import numpy as np
import pytest

from assistant.audio.decode import read_audio
from assistant.audio.echo.canceller import STEP, EchoCanceller
from assistant.audio.pcm import BLOCK, LISTENING_RATE, Samples
from assistant.bench.clips import Clip
from assistant.errors import AssistantError, Code
from tests.audio.echoes import at_level, level_db, reverberant, room_noise

PATIENCE_S = 60


def clean(canceller: EchoCanceller, near: Samples, far: Samples, block: int = BLOCK) -> Samples:
    """What comes out, moved to where it was in `near`."""
    starts = range(0, len(near) - block + 1, block)
    cleaned = [canceller.clean(near[start : start + block], far[start : start + block]) for start in starts]
    return np.concatenate(cleaned)[canceller.delay :]


def delay(later: Samples, earlier: Samples) -> int:
    size = 2 * len(earlier)
    match = np.fft.irfft(np.fft.rfft(later, size) * np.conj(np.fft.rfft(earlier, size)), size)
    return int(match.argmax())


@pytest.fixture(scope="module")
def played(clips: dict[str, Clip]) -> Samples:
    """What the assistant says: 16 s of speech."""
    said = [read_audio(clips[name].path, max_s=60) for name in ("dict_jfk", "dict_leichenhalle_de")]
    return at_level(np.concatenate(said), -20)


@pytest.mark.parametrize("loss_db", [10, 20])
def test_after_the_first_seconds_nothing_is_left_of_the_loudspeaker_but_the_noise_of_the_room(
    played: Samples, loss_db: float
) -> None:
    echo = reverberant(played, loss_db=loss_db)
    canceller = EchoCanceller()
    cleaned = clean(canceller, echo + room_noise(len(echo)), played)
    late = slice(6 * LISTENING_RATE, len(cleaned))
    assert level_db(echo[late]) > -27 - loss_db
    assert level_db(cleaned[late]) < -60
    assert canceller.convergence.converged
    assert canceller.convergence.residual_db is not None
    assert canceller.convergence.residual_db < -60


@pytest.mark.parametrize("noise_suppression", [False, True])
def test_the_user_alone_comes_through_as_late_as_it_says(clips: dict[str, Clip], noise_suppression: bool) -> None:
    speech = at_level(read_audio(clips["cmd_set_timer"].path, max_s=60), -20)
    speech = speech[: len(speech) // BLOCK * BLOCK]
    canceller = EchoCanceller(noise_suppression=noise_suppression)
    starts = range(0, len(speech), BLOCK)
    silence = np.zeros(BLOCK, np.float32)
    heard = np.concatenate([canceller.clean(speech[start : start + BLOCK], silence) for start in starts])
    assert delay(heard, speech) == pytest.approx(canceller.delay, abs=4)
    assert level_db(heard) == pytest.approx(level_db(speech), abs=2.5)


@pytest.mark.parametrize("block", [STEP, 480, 1600])
def test_the_length_of_blocks_changes_nothing(played: Samples, block: int) -> None:
    near, far = reverberant(played, loss_db=10)[:48_000], played[:48_000]
    as_usual, otherwise = (clean(EchoCanceller(), near, far, length) for length in (BLOCK, block))
    count = min(len(as_usual), len(otherwise))
    np.testing.assert_array_equal(as_usual[:count], otherwise[:count])


def test_after_a_gap_it_knows_what_it_had_learnt(played: Samples) -> None:
    echo = reverberant(played, loss_db=10)
    canceller = EchoCanceller()
    half, later = 10 * LISTENING_RATE // BLOCK * BLOCK, 11 * LISTENING_RATE
    clean(canceller, echo[:half], played[:half])
    canceller.begin()
    after = clean(canceller, echo[later:], played[later:])
    settled = after[LISTENING_RATE // 2 :]
    assert level_db(settled) < level_db(echo[-len(settled) :]) - 25
    assert canceller.convergence.converged


@pytest.mark.parametrize(("near", "far"), [(BLOCK, BLOCK - STEP), (BLOCK, 0), (STEP + 1, STEP + 1)])
def test_blocks_that_it_cannot_take_are_refused(near: int, far: int) -> None:
    with pytest.raises(ValueError, match=f"blocks of {near} and {far} samples"):
        EchoCanceller().clean(np.zeros(near, np.float32), np.zeros(far, np.float32))


def test_without_the_library_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "livekit.rtc.apm", None)
    with pytest.raises(AssistantError, match=r"pip install 'assistant\[echo\]'") as caught:
        EchoCanceller()
    assert caught.value.code == Code.ECHO_LIBRARY_MISSING


USE = """
import glob, os, numpy as np
from assistant.audio.echo.canceller import EchoCanceller
EchoCanceller().clean(np.zeros(51_200, np.float32), np.zeros(51_200, np.float32))
open_files = [os.readlink(file) for file in glob.glob("/proc/self/fd/*") if os.path.islink(file)]
sockets = {name[8:-1] for name in open_files if name.startswith("socket:[")}
for protocol in ("tcp", "tcp6", "udp", "udp6"):
    with open(f"/proc/self/net/{protocol}") as table:
        assert not sockets & {word for line in table for word in line.split()}
"""


def test_the_library_opens_no_connection_and_lets_the_program_end() -> None:
    done = subprocess.run([sys.executable, "-c", USE], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
