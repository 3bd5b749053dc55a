"""The soak suite: talks to a daemon for an hour or more, and monitors the process from outside."""
