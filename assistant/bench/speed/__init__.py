"""The suite for latency, word errors and cost, on recordings in real time."""
