"""Answer a recorded question, for a first try without a microphone."""
