"""The waterfall shows what happened, on one time axis."""

from rich.console import Console

from assistant.cli.waterfall import waterfall
from assistant.events import Marks


def drawn(marks: Marks) -> list[str]:
    console = Console(width=120)
    with console.capture() as capture:
        console.print(waterfall(marks))
    return capture.get().strip("\n").splitlines()


def test_each_stage_is_a_bar_that_begins_where_it_began() -> None:
    lines = drawn(
        Marks(soft_end=100, revision=300, transcript=300, first_token=400, first_audio=600, commit=480, playback=600)
    )
    names = ["silence until commit", "recognition", "first token", "first sound made"]
    assert [line[: line.index("━")].strip() for line in lines] == names
    assert lines[1].index("━") < lines[2].index("━") < lines[3].index("━")
    assert "100 → 300 ms" in lines[1]


def test_what_did_not_happen_is_not_drawn() -> None:
    assert drawn(Marks()) == []
    assert len(drawn(Marks(commit=480))) == 1
