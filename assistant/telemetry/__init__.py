"""Log, journal, metrics and traces."""
