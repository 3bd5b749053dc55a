"""The configuration: its keys, reading it, and what a changed one means."""
