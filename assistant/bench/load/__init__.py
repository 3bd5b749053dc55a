"""The suite for what many clients of the socket cost."""
