"""Speech synthesis: the engine's Protocol, Piper, clauses, and text normalisation."""
