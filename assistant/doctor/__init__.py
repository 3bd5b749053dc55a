"""`assistant doctor`: looks at everything that the daemon needs, and says what to do where something is missing."""
