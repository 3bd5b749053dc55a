"""Cities and countries: where they are, and in which time zone."""

from pathlib import Path

DATA = Path(__file__).parent / "data"
