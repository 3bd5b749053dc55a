"""The speed suite: latency, word errors and cost of answering recorded questions."""
