"""Speech recognition: the engine's Protocol, faster-whisper, streaming, and transcription of files."""
