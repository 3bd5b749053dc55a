"""Coverage-guided fuzzing of what comes from outside; `python -m tests.fuzz TARGET`."""
