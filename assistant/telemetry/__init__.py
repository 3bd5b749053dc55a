"""What can be measured and read: log, journal, metrics, traces."""
