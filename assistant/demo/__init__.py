"""A recorded question, so that a first try needs no microphone."""
