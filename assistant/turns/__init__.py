"""Turn taking: pure state machines that decide when a person has begun and finished speaking."""
