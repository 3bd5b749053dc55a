"""What can go wrong on a machine, made to happen for real, with what the assistant has to do about it.

`sudo .venv/bin/python -m tests.machine.faults` makes all of it happen and prints a table; the tests do the same.
"""
