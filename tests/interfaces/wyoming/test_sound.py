"""Audio of any form is understood, however it is cut into chunks."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from wyoming.event import Event

from assistant.errors import AssistantError, Code
from assistant.interfaces.wyoming.sound import RATES, WIDTHS, Listener

RATE = 44_100
TONE = np.repeat(0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE // 10) / RATE), 2)


def encoded(samples: NDArray[np.float64], width: int) -> bytes:
    """Samples of -1 to 1 in Wyoming's form."""
    if width == 1:
        return (samples * 127 + 128).astype(np.uint8).tobytes()
    if width == 3:
        return bytes((samples * (2**23 - 1)).astype("<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes())
    return bytes((samples * (2 ** (8 * width - 1) - 1)).astype(f"<i{width}").tobytes())


def heard(payload: bytes, *, cuts: list[int] | None = None, **form: object) -> NDArray[np.float32]:
    """What is heard of `payload`, cut into chunks at `cuts`."""
    listener, data = Listener(), {"rate": RATE, "width": 2, "channels": 2, **form}
    places = [0, *sorted(cut % (len(payload) + 1) for cut in cuts or ()), len(payload)]
    chunks = [payload[start:end] for start, end in pairwise(places)]
    pieces = [piece for chunk in chunks for piece in listener.take(Event("audio-chunk", data, chunk))]
    return np.concatenate([np.zeros(0, np.float32), *pieces])


@pytest.mark.parametrize("width", sorted(WIDTHS))
def test_audio_of_any_form_is_understood(width: int) -> None:
    samples = heard(encoded(TONE, width) + b"\0" * (width - 1), width=width)
    assert np.abs(samples).max() == pytest.approx(0.5, abs=0.02)
    assert len(samples) == pytest.approx(1600, abs=250)


@pytest.mark.parametrize("width", [2, 3, 4])
def test_each_width_has_the_same_sound(width: int) -> None:
    np.testing.assert_allclose(heard(encoded(TONE, width), width=width), heard(encoded(TONE, 4), width=4), atol=1e-4)


def test_whole_numbers_may_be_written_as_floats() -> None:
    payload = encoded(TONE, 2)
    np.testing.assert_array_equal(heard(payload, rate=44_100.0, width=2.0, channels=2.0), heard(payload))


@pytest.mark.parametrize(
    "form",
    [
        *({"rate": rate} for rate in (RATES[0] - 1, RATES[-1] + 1, 16_000.5, None)),
        *({"width": width} for width in (0, 5, True)),
        *({"channels": channels} for channels in (0, "2", float("inf"), float("nan"))),
    ],
)
def test_what_is_no_form_of_sound_is_an_error(form: dict[str, object]) -> None:
    with pytest.raises(AssistantError) as error:
        heard(b"\0\0\0\0", **form)  # type: ignore[arg-type]
    assert error.value.code is Code.WYOMING_MALFORMED


@given(st.sampled_from(sorted(WIDTHS)), st.integers(1, 8), st.lists(st.integers(0, 10**5), max_size=6))
def test_cuts_between_chunks_are_not_heard(width: int, channels: int, cuts: list[int]) -> None:
    payload = encoded(TONE[: 1000 * channels], width)
    form = {"width": width, "channels": channels}
    together, apart = heard(payload, **form), heard(payload, cuts=cuts, **form)  # type: ignore[arg-type]
    np.testing.assert_allclose(apart, together[: len(apart)], atol=1e-6)
    assert len(together) - len(apart) < 250
