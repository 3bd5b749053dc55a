"""Microphones and loudspeakers that are not a sound card: files, recorders, other machines."""
