"""Microphones and loudspeakers that are no sound card: files, recorders, other machines."""
