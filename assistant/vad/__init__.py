"""Voice activity: the probability of speech in a block of audio."""
