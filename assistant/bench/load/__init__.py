"""The load suite: what many clients of the socket cost."""
