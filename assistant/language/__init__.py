"""What belongs to a language: its tables, and the pure functions that look things up in them."""
