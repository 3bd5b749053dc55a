"""The speech that the second look at wake words is trained on and judged by; `python -m tests.wake_corpus` makes it.

Nothing of it is kept in the repository: it is synthesised again, with the same seeds, where it is needed.
"""
