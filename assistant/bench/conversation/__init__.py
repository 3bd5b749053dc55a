"""The suite for turn taking: wake words, pauses, interruptions, its own voice."""
