"""Speech recognition: the engine's Protocol, faster-whisper, and streaming on top of it."""
