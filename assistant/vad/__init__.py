"""Voice activity: how likely is speech in a block of audio."""
