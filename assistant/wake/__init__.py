"""Wake words: the words that make the assistant listen."""
