"""Turn taking: pure state machines that decide when a person starts and finishes speaking."""
