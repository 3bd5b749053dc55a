"""Attacks on a running assistant, and damage done to what it reads: `python -m tests.attacks`."""
