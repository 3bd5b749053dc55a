"""The conversation suite: wake words, endpointing, barge-in, and the assistant's reaction to its own voice."""
