"""Wake words: what is said to be listened to."""
