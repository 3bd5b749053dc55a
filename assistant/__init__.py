"""An on-device voice assistant daemon: microphone in, spoken answer out, nothing leaves the machine."""

__version__ = "0.1.0"
