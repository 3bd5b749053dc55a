"""What outlives the process: one SQLite database."""
