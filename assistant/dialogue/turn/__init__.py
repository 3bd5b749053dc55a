"""One turn: what is done ahead, what was decided, what is reported."""
