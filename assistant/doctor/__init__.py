"""Check everything the daemon needs and say how to fix what is missing."""
