"""What can answer a question, and in which order it is asked."""
