"""Speech synthesis: the engine's Protocol, Piper, clauses, and making text speakable."""
